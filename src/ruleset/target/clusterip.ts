import { type Extension, FLAG, VALUE } from '../extension.ts';
import { mac, oneOf, u32, unsigned } from '../readers.ts';
import type { MacAddress } from '../values.ts';

/** -j CLUSTERIP (gone from kernels since 6.3). */
export interface ClusteripTarget {
  readonly kind: 'CLUSTERIP';
  readonly isNew: boolean;
  readonly hashMode: string | null;
  readonly clusterMac: MacAddress | null;
  readonly totalNodes: number | null;
  readonly localNode: number | null;
  readonly hashInit: number | null;
}

const MAX_NODES = 16; // CLUSTERIP_MAX_NODES
const HASH_MODES = ['sourceip', 'sourceip-sourceport', 'sourceip-sourceport-destport'] as const;

export const clusteripExtension: Extension<ClusteripTarget> = {
  name: 'CLUSTERIP',
  family: 4,
  options: {
    new: FLAG,
    hashmode: VALUE,
    clustermac: VALUE,
    'total-nodes': VALUE,
    'local-node': VALUE,
    'hash-init': VALUE,
  },
  read: (options) => ({
    kind: 'CLUSTERIP',
    isNew: options.has('new'),
    hashMode: options.value('hashmode', oneOf(HASH_MODES), null),
    clusterMac: options.value('clustermac', mac, null),
    totalNodes: options.value('total-nodes', unsigned(MAX_NODES), null),
    localNode: options.value('local-node', unsigned(MAX_NODES), null),
    hashInit: options.value('hash-init', u32, null),
  }),
};
