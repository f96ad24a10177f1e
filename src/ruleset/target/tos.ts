import type { MaskedValue } from '../values.ts';

/** -j TOS: tos = (tos & ~mask) ^ value; 8 bits. */
export interface TosTarget extends MaskedValue {
  readonly kind: 'TOS';
}
