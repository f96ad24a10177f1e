import type { Invertible, NumberRange } from '../values.ts';

/** -m tcpmss */
export interface TcpmssMatch extends Invertible, NumberRange {
  readonly kind: 'tcpmss';
}
