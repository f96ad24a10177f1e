import { type Argument, type Extension, VALUE, VALUE_OR_NOT } from '../extension.ts';
import { Fault } from '../fault.ts';
import { MAX_U32, oneOf, u32, unsigned } from '../readers.ts';
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

/** A probability as the kernel's share of 2^31. */
function probability(arg: Argument): number {
  const value = /^\d*\.?\d+(e[+-]?\d+)?$|^\d+\.$/i.test(arg.text) ? Number(arg.text) : Number.NaN;
  if (!(value >= 0 && value <= 1)) {
    throw new Fault(`expected a probability from 0 to 1, found "${arg.text}"`, arg.column);
  }
  return Math.round(0x80000000 * value);
}

export const statisticExtension: Extension<StatisticMatch> = {
  name: 'statistic',
  options: {
    mode: VALUE,
    probability: VALUE_OR_NOT,
    every: VALUE_OR_NOT,
    packet: VALUE,
  },
  read: (options) => {
    const mode = options.required('mode', oneOf(['random', 'nth']));
    if (mode === 'random') {
      const given = options.need('probability');
      return {
        kind: 'statistic',
        mode,
        probability: options.argument(given, probability),
        invert: given.invert,
      };
    }
    const given = options.need('every');
    const every = options.argument(given, unsigned(MAX_U32, 1));
    const packet = options.value('packet', u32, 0);
    if (packet >= every) throw options.fault(`--packet must be from 0 to ${every - 1}`);
    return { kind: 'statistic', mode, every, packet, invert: given.invert };
  },
};
