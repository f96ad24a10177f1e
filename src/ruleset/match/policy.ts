import type { AddressMatch, Invertible } from '../values.ts';

/** One transformation of the policy; null fields are not compared. */
export interface PolicyElement {
  readonly reqid: ({ readonly value: number } & Invertible) | null;
  readonly spi: ({ readonly value: number } & Invertible) | null;
  readonly proto: ({ readonly number: number } & Invertible) | null;
  readonly mode: ({ readonly value: 'transport' | 'tunnel' } & Invertible) | null;
  readonly tunnelSrc: AddressMatch | null;
  readonly tunnelDst: AddressMatch | null;
}

/** -m policy (IPsec) */
export interface PolicyMatch {
  readonly kind: 'policy';
  readonly direction: 'in' | 'out';
  readonly policy: 'none' | 'ipsec';
  readonly strict: boolean;
  readonly elements: readonly PolicyElement[];
}
