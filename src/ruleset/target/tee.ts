import type { Address } from '../values.ts';

/** -j TEE */
export interface TeeTarget {
  readonly kind: 'TEE';
  readonly gateway: Address;
  readonly outInterface: string | null;
}
