import type { Invertible, MaskedValue } from '../values.ts';

/** -m mark and -m connmark */
export interface MarkMatch extends Invertible, MaskedValue {
  readonly kind: 'mark' | 'connmark';
}
