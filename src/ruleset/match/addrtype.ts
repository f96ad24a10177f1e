import type { Invertible } from '../values.ts';

export type AddressType =
  | 'UNSPEC'
  | 'UNICAST'
  | 'LOCAL'
  | 'BROADCAST'
  | 'ANYCAST'
  | 'MULTICAST'
  | 'BLACKHOLE'
  | 'UNREACHABLE'
  | 'PROHIBIT'
  | 'THROW'
  | 'NAT'
  | 'XRESOLVE';

export interface AddressTypes extends Invertible {
  readonly values: readonly AddressType[];
}

/** -m addrtype */
export interface AddrtypeMatch {
  readonly kind: 'addrtype';
  readonly srcTypes: AddressTypes | null;
  readonly dstTypes: AddressTypes | null;
  /** Addresses of the in- (out-) interface alone count as LOCAL and so on. */
  readonly limitIn: boolean;
  readonly limitOut: boolean;
}
