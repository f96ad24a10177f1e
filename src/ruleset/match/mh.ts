import { type Argument, type Extension, VALUE_OR_NOT } from '../extension.ts';
import { Fault } from '../fault.ts';
import { part, u8 } from '../readers.ts';
import type { NumberRange, RangeMatch } from '../values.ts';

/** -m mh (IPv6): mobility header type. */
export interface MhMatch {
  readonly kind: 'mh';
  readonly types: RangeMatch | null;
}

/** Name, alias; the position is the type (RFC 6275 section 6.1). */
const TYPES: ReadonlyArray<readonly [string, string]> = [
  ['binding-refresh-request', 'brr'],
  ['home-test-init', 'hoti'],
  ['careof-test-init', 'coti'],
  ['home-test', 'hot'],
  ['careof-test', 'cot'],
  ['binding-update', 'bu'],
  ['binding-acknowledgement', 'ba'],
  ['binding-error', 'be'],
];

function mhType(arg: Argument): number {
  if (/^\d/.test(arg.text)) return u8(arg);
  const name = arg.text.toLowerCase();
  const exact = TYPES.findIndex((names) => names.includes(name));
  if (exact >= 0) return exact;
  const starts = TYPES.map(([full], type) => ({ full, type })).filter(
    ({ full }) => name !== '' && full.startsWith(name),
  );
  const [only, other] = starts;
  if (only === undefined || other !== undefined) {
    throw new Fault(`expected a mobility header type, found "${arg.text}"`, arg.column);
  }
  return only.type;
}

function typeRange(arg: Argument): NumberRange {
  const colon = arg.text.indexOf(':');
  if (colon < 0) {
    const only = mhType(arg);
    return { min: only, max: only };
  }
  const low = part(arg, 0, colon);
  const high = part(arg, colon + 1);
  const range = {
    min: low.text === '' ? 0 : mhType(low),
    max: high.text === '' ? 255 : mhType(high),
  };
  if (range.min > range.max) {
    throw new Fault('expected a range that ends above its start', arg.column);
  }
  return range;
}

export const mhExtension: Extension<MhMatch> = {
  name: 'mh',
  aliases: ['mobility-header', 'ipv6-mh'],
  family: 6,
  protocols: [135],
  options: { 'mh-type': VALUE_OR_NOT },
  read: (options) => ({ kind: 'mh', types: options.inverted('mh-type', typeRange) }),
};
