import type { AddressMask } from '../values.ts';

/** -j NETMAP: the bits under the mask are replaced by `to`'s. */
export interface NetmapTarget {
  readonly kind: 'NETMAP';
  readonly to: AddressMask;
}
