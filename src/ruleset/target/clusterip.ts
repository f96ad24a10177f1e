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
