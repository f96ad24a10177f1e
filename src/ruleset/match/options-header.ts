import type { Invertible } from '../values.ts';

export interface Ipv6Option {
  readonly type: number;
  /** null: any length. */
  readonly length: number | null;
}

/** -m hbh and -m dst (IPv6): hop-by-hop and destination options headers. */
export interface OptionsHeaderMatch {
  readonly kind: 'hbh' | 'dst';
  /** Header length in bytes. */
  readonly length: ({ readonly value: number } & Invertible) | null;
  /** In this order. */
  readonly options: readonly Ipv6Option[];
}
