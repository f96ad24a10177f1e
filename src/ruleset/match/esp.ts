import type { RangeMatch } from '../values.ts';

/** -m esp */
export interface EspMatch {
  readonly kind: 'esp';
  readonly spis: RangeMatch;
}
