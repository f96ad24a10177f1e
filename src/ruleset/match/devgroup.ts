import type { Invertible, MaskedValue } from '../values.ts';

/** -m devgroup */
export interface DevgroupMatch {
  readonly kind: 'devgroup';
  readonly src: (MaskedValue & Invertible) | null;
  readonly dst: (MaskedValue & Invertible) | null;
}
