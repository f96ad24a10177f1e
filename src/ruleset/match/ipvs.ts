import type { AddressMatch, Invertible } from '../values.ts';

/** -m ipvs */
export interface IpvsMatch {
  readonly kind: 'ipvs';
  /** The packet belongs to an IPVS connection (false: `! --ipvs`). */
  readonly ipvs: boolean | null;
  readonly proto: ({ readonly number: number } & Invertible) | null;
  readonly address: AddressMatch | null;
  readonly port: ({ readonly value: number } & Invertible) | null;
  readonly direction: 'original' | 'reply' | null;
  readonly method: ({ readonly value: 'GATE' | 'IPIP' | 'MASQ' } & Invertible) | null;
  readonly controlPort: ({ readonly value: number } & Invertible) | null;
}
