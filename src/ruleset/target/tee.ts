import { type Extension, VALUE } from '../extension.ts';
import { address, shortText } from '../readers.ts';
import type { Address } from '../values.ts';

/** -j TEE */
export interface TeeTarget {
  readonly kind: 'TEE';
  readonly gateway: Address;
  readonly outInterface: string | null;
}

export const teeExtension: Extension<TeeTarget> = {
  name: 'TEE',
  options: { gateway: VALUE, oif: VALUE },
  read: (options) => ({
    kind: 'TEE',
    gateway: options.required('gateway', address),
    outInterface: options.value('oif', shortText(15, 1), null),
  }),
};
