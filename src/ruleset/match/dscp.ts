import type { Invertible } from '../values.ts';

/** -m dscp: 0 … 63. */
export interface DscpMatch extends Invertible {
  readonly kind: 'dscp';
  readonly value: number;
}
