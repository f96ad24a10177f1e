import type { Address, MaskedValue } from '../values.ts';

/** -j TPROXY */
export interface TproxyTarget extends MaskedValue {
  readonly kind: 'TPROXY';
  readonly port: number;
  /** null: the in-interface's address. */
  readonly address: Address | null;
}
