import type { Invertible } from '../values.ts';

/** -m cpu */
export interface CpuMatch extends Invertible {
  readonly kind: 'cpu';
  readonly cpu: number;
}
