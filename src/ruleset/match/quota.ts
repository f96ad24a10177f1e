import type { Invertible } from '../values.ts';

/** -m quota */
export interface QuotaMatch extends Invertible {
  readonly kind: 'quota';
  readonly bytes: bigint;
}
