import { type Extension, VALUE } from '../extension.ts';
import { address, mark, port } from '../readers.ts';
import type { Address, MaskedValue } from '../values.ts';

/** -j TPROXY */
export interface TproxyTarget extends MaskedValue {
  readonly kind: 'TPROXY';
  readonly port: number;
  /** null: the in-interface's address. */
  readonly address: Address | null;
}

export const tproxyExtension: Extension<TproxyTarget> = {
  name: 'TPROXY',
  tables: ['mangle'],
  protocols: [6, 17],
  options: { 'on-port': VALUE, 'on-ip': VALUE, 'tproxy-mark': VALUE },
  read: (options) => ({
    kind: 'TPROXY',
    port: options.required('on-port', port),
    address: options.value('on-ip', address, null),
    ...options.value('tproxy-mark', mark, { value: 0, mask: 0 }),
  }),
};
