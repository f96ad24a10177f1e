import { type Extension, VALUE, VALUE_OR_NOT } from '../extension.ts';
import { MAX_U32, u32, unsigned } from '../readers.ts';
import type { Invertible } from '../values.ts';

/** -m cluster */
export interface ClusterMatch extends Invertible {
  readonly kind: 'cluster';
  readonly totalNodes: number;
  /** Bit n: node n + 1. */
  readonly nodeMask: number;
  readonly hashSeed: number;
}

const MAX_NODES = 32; // XT_CLUSTER_NODES_MAX

export const clusterExtension: Extension<ClusterMatch> = {
  name: 'cluster',
  options: {
    'cluster-total-nodes': VALUE,
    'cluster-local-node': VALUE_OR_NOT,
    'cluster-local-nodemask': VALUE_OR_NOT,
    'cluster-hash-seed': VALUE,
  },
  read: (options) => {
    const local = options.needOneOf(['cluster-local-node', 'cluster-local-nodemask']);
    const totalNodes = options.required('cluster-total-nodes', unsigned(MAX_NODES, 1));
    const nodeMask =
      local.id === 'cluster-local-node'
        ? (1 << (options.argument(local, unsigned(MAX_NODES, 1)) - 1)) >>> 0
        : options.argument(local, unsigned(MAX_U32, 1));
    if (nodeMask >= 2 ** totalNodes) throw options.fault('a local node is beyond the total');
    return {
      kind: 'cluster',
      totalNodes,
      nodeMask,
      hashSeed: options.required('cluster-hash-seed', u32),
      invert: local.invert,
    };
  },
};
