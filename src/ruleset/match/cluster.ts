import type { Invertible } from '../values.ts';

/** -m cluster */
export interface ClusterMatch extends Invertible {
  readonly kind: 'cluster';
  readonly totalNodes: number;
  /** Bit n: node n + 1. */
  readonly nodeMask: number;
  readonly hashSeed: number;
}
