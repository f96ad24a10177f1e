import { type Extension, VALUE } from '../extension.ts';
import { rate, unsigned } from '../readers.ts';
import type { Rate } from '../values.ts';

/** -m limit. The kernel's credit per packet is trunc(10000 * unitSec / amount) ticks of 0.1 ms. */
export interface LimitMatch {
  readonly kind: 'limit';
  readonly rate: Rate;
  readonly burst: number;
}

const DEFAULT_RATE: Rate = { amount: 3, unitSec: 3600 };
const DEFAULT_BURST = 5;
const SCALE = 10000; // XT_LIMIT_SCALE

export const limitExtension: Extension<LimitMatch> = {
  name: 'limit',
  options: { limit: VALUE, 'limit-burst': VALUE },
  read: (options) => {
    const match: LimitMatch = {
      kind: 'limit',
      rate: options.value('limit', rate, DEFAULT_RATE),
      burst: options.value('limit-burst', unsigned(10000), DEFAULT_BURST),
    };
    if (match.rate.amount > SCALE * match.rate.unitSec) {
      throw options.fault('the rate is too fast: at most 10000 a second');
    }
    return match;
  },
};
