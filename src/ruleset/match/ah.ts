import { type Extension, FLAG, type Options, VALUE_OR_NOT } from '../extension.ts';
import { asValue, MAX_U32, u32, unsignedRange } from '../readers.ts';
import type { Invertible, RangeMatch } from '../values.ts';

/** -m ah; length and reserved are IPv6's alone. */
export interface AhMatch {
  readonly kind: 'ah';
  readonly spis: RangeMatch;
  /** Header length in bytes; null: not asked. */
  readonly length: ({ readonly value: number } & Invertible) | null;
  /** The reserved field must be zero. */
  readonly reservedZero: boolean;
}

function read(options: Options): AhMatch {
  return {
    kind: 'ah',
    spis: options.inverted('ahspi', unsignedRange(MAX_U32)) ?? {
      min: 0,
      max: MAX_U32,
      invert: false,
    },
    length: options.inverted('ahlen', asValue(u32)),
    reservedZero: options.has('ahres'),
  };
}

export const ahExtension: Extension<AhMatch> = {
  name: 'ah',
  family: 4,
  protocols: [51],
  options: { ahspi: VALUE_OR_NOT },
  read,
};

/** In IPv6 a header of the chain, so the rule's protocol is free. */
export const ah6Extension: Extension<AhMatch> = {
  name: 'ah',
  family: 6,
  options: { ahspi: VALUE_OR_NOT, ahlen: VALUE_OR_NOT, ahres: FLAG },
  read,
};
