import type { Invertible } from '../values.ts';

/** -m rateest: compares an estimator with values or with another estimator. */
export interface RateestMatch extends Invertible {
  readonly kind: 'rateest';
  readonly estimator: string;
  readonly other: string | null;
  readonly delta: boolean;
  readonly op: 'lt' | 'gt' | 'eq';
  /** Bytes a second; null: not compared. */
  readonly bps: number | null;
  readonly pps: number | null;
  readonly otherBps: number | null;
  readonly otherPps: number | null;
}
