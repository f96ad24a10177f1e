import { type Extension, VALUE } from '../extension.ts';
import { addressMask } from '../readers.ts';
import type { AddressMask } from '../values.ts';

/** -j NETMAP: the bits under the mask are replaced by `to`'s. */
export interface NetmapTarget {
  readonly kind: 'NETMAP';
  readonly to: AddressMask;
}

export const netmapExtension: Extension<NetmapTarget> = {
  name: 'NETMAP',
  tables: ['nat'],
  options: { to: VALUE },
  read: (options) => ({ kind: 'NETMAP', to: options.required('to', addressMask) }),
};
