import type { AddressMask } from '../values.ts';

/** -j SNPT and DNPT: stateless IPv6 prefix translation (RFC 6296). */
export interface NptTarget {
  readonly kind: 'SNPT' | 'DNPT';
  readonly src: AddressMask;
  readonly dst: AddressMask;
}
