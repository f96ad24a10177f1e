import type { Invertible, MaskedValue } from '../values.ts';

/** -m tos: 8 bits. */
export interface TosMatch extends Invertible, MaskedValue {
  readonly kind: 'tos';
}
