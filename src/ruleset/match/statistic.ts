import type { Invertible } from '../values.ts';

/** -m statistic --mode random */
export interface RandomStatisticMatch extends Invertible {
  readonly kind: 'statistic';
  readonly mode: 'random';
  /** Of 2^31, as the kernel stores it. */
  readonly probability: number;
}

/** -m statistic --mode nth */
export interface NthStatisticMatch extends Invertible {
  readonly kind: 'statistic';
  readonly mode: 'nth';
  /** At least 1. */
  readonly every: number;
  /** 0 … every - 1: which packet of each round. */
  readonly packet: number;
}

export type StatisticMatch = RandomStatisticMatch | NthStatisticMatch;
