import type { Invertible } from '../values.ts';

export type Ipv6HeaderName = 'hop' | 'dst' | 'route' | 'frag' | 'auth' | 'esp' | 'none' | 'prot';

/** -m ipv6header: exactly these headers, or with `soft` at least these. */
export interface Ipv6headerMatch extends Invertible {
  readonly kind: 'ipv6header';
  readonly headers: readonly Ipv6HeaderName[];
  readonly soft: boolean;
}
