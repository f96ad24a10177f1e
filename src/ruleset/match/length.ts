import type { Invertible, NumberRange } from '../values.ts';

/** -m length: bytes of the IP packet. */
export interface LengthMatch extends Invertible, NumberRange {
  readonly kind: 'length';
}
