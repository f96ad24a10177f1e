import type { Rate } from '../values.ts';

/** -m limit. The kernel's credit per packet is trunc(10000 * unitSec / amount) ticks of 0.1 ms. */
export interface LimitMatch {
  readonly kind: 'limit';
  readonly rate: Rate;
  readonly burst: number;
}
