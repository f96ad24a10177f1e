import { type Extension, type OptionSpec, type Options, VALUE_OR_NOT } from '../extension.ts';
import { addressMask, asNumber, asValue, u8, u16 } from '../readers.ts';
import type { AddressMatch, Invertible } from '../values.ts';

/** How a numeric field of the segment routing header is compared. */
export interface SrhNumber extends Invertible {
  readonly op: 'eq' | 'gt' | 'lt';
  readonly value: number;
}

/** -m srh (IPv6): segment routing header. */
export interface SrhMatch {
  readonly kind: 'srh';
  readonly nextHeader: ({ readonly number: number } & Invertible) | null;
  readonly headerLength: SrhNumber | null;
  readonly segmentsLeft: SrhNumber | null;
  readonly lastEntry: SrhNumber | null;
  readonly tag: ({ readonly value: number } & Invertible) | null;
  readonly previousSid: AddressMatch | null;
  readonly nextSid: AddressMatch | null;
  readonly lastSid: AddressMatch | null;
}

const COMPARED = ['srh-hdr-len', 'srh-segs-left', 'srh-last-entry'] as const;
const OPERATORS = ['eq', 'gt', 'lt'] as const;

const COMPARISONS: Readonly<Record<string, OptionSpec>> = Object.fromEntries(
  COMPARED.flatMap((field) => OPERATORS.map((op) => [`${field}-${op}`, VALUE_OR_NOT])),
);

function comparison(options: Options, field: (typeof COMPARED)[number]): SrhNumber | null {
  const given = options.oneOf(OPERATORS.map((op) => `${field}-${op}`));
  if (given === undefined) return null;
  const op = given.id.slice(-2) as SrhNumber['op'];
  return { op, value: options.argument(given, u8), invert: given.invert };
}

export const srhExtension: Extension<SrhMatch> = {
  name: 'srh',
  family: 6,
  options: {
    'srh-next-hdr': VALUE_OR_NOT,
    ...COMPARISONS,
    'srh-tag': VALUE_OR_NOT,
    'srh-psid': VALUE_OR_NOT,
    'srh-nsid': VALUE_OR_NOT,
    'srh-lsid': VALUE_OR_NOT,
  },
  read: (options) => ({
    kind: 'srh',
    nextHeader: options.inverted('srh-next-hdr', asNumber(u8)),
    headerLength: comparison(options, 'srh-hdr-len'),
    segmentsLeft: comparison(options, 'srh-segs-left'),
    lastEntry: comparison(options, 'srh-last-entry'),
    tag: options.inverted('srh-tag', asValue(u16)),
    previousSid: options.inverted('srh-psid', addressMask),
    nextSid: options.inverted('srh-nsid', addressMask),
    lastSid: options.inverted('srh-lsid', addressMask),
  }),
};
