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
