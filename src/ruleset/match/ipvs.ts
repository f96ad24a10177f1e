import { type Extension, FLAG_OR_NOT, VALUE, VALUE_OR_NOT } from '../extension.ts';
import { addressMask, asValue, oneOf, port, protocolCondition } from '../readers.ts';
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

export const ipvsExtension: Extension<IpvsMatch> = {
  name: 'ipvs',
  options: {
    ipvs: FLAG_OR_NOT,
    vproto: VALUE_OR_NOT,
    vaddr: VALUE_OR_NOT,
    vport: VALUE_OR_NOT,
    vdir: VALUE,
    vmethod: VALUE_OR_NOT,
    vportctl: VALUE_OR_NOT,
  },
  read: (options) => {
    if (options.occurrences.length === 0) throw options.fault('at least one option is missing');
    return {
      kind: 'ipvs',
      ipvs: options.asked('ipvs'),
      proto: options.inverted('vproto', protocolCondition),
      address: options.inverted('vaddr', addressMask),
      port: options.inverted('vport', asValue(port)),
      direction: options.value('vdir', oneOf(['original', 'reply']), null),
      method: options.inverted('vmethod', (arg) => ({
        value: oneOf(['GATE', 'IPIP', 'MASQ'] as const)(arg),
      })),
      controlPort: options.inverted('vportctl', asValue(port)),
    };
  },
};
