import type { Invertible } from '../values.ts';

/** -m rpfilter */
export interface RpfilterMatch extends Invertible {
  readonly kind: 'rpfilter';
  readonly loose: boolean;
  readonly validMark: boolean;
  readonly acceptLocal: boolean;
}
