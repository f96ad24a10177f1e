import {
  type Argument,
  alias,
  type Extension,
  FLAG,
  FLAG_OR_NOT,
  type OptionSpec,
  type Options,
  VALUE,
} from '../extension.ts';
import { Fault } from '../fault.ts';
import { text, u32 } from '../readers.ts';
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

const RATE: OptionSpec = { args: 1, optional: true };
const BINARY_UNITS = ['', 'ki', 'mi', 'gi', 'ti'];
const DECIMAL_UNITS = ['', 'k', 'm', 'g', 't'];

/** A rate such as 500kbit or 2MiBps in bytes a second; a bare number is in bytes already. */
function bytesPerSec(arg: Argument): number {
  const parts = /^(\d+\.?\d*)(?:([kmgt]?i?)(bit|bps))?$/i.exec(arg.text);
  if (parts === null) {
    throw new Fault(`expected a rate such as 1mbit, found "${arg.text}"`, arg.column);
  }
  const unit = (parts[2] ?? '').toLowerCase();
  const binary = BINARY_UNITS.indexOf(unit);
  const scale = binary >= 0 ? 1024 ** binary : 1000 ** DECIMAL_UNITS.indexOf(unit);
  const bits = parts[3]?.toLowerCase() === 'bit' ? 8 : 1;
  return Math.trunc((Number(parts[1]) * scale) / bits);
}

/** A rate may be left out where two estimators are compared: then it is 0. */
function given<T>(options: Options, id: string, reader: (arg: Argument) => T): T | 0 | null {
  const occurrence = options.find(id);
  if (occurrence === undefined) return null;
  return occurrence.args.length === 0 ? 0 : options.argument(occurrence, reader);
}

export const rateestExtension: Extension<RateestMatch> = {
  name: 'rateest',
  options: {
    rateest1: VALUE,
    rateest: alias('rateest1', VALUE),
    rateest2: VALUE,
    'rateest-bps1': RATE,
    'rateest-pps1': RATE,
    'rateest-bps2': RATE,
    'rateest-pps2': RATE,
    'rateest-bps': alias('rateest-bps2', RATE),
    'rateest-pps': alias('rateest-pps2', RATE),
    'rateest-delta': FLAG,
    'rateest-lt': FLAG_OR_NOT,
    'rateest-gt': FLAG_OR_NOT,
    'rateest-eq': FLAG_OR_NOT,
  },
  read: (options) => {
    const comparison = options.needOneOf(['rateest-lt', 'rateest-gt', 'rateest-eq']);
    return {
      kind: 'rateest',
      estimator: options.required('rateest1', text),
      other: options.value('rateest2', text, null),
      delta: options.has('rateest-delta'),
      op: comparison.id.slice(-2) as RateestMatch['op'],
      invert: comparison.invert,
      bps: given(options, 'rateest-bps1', bytesPerSec),
      pps: given(options, 'rateest-pps1', u32),
      otherBps: given(options, 'rateest-bps2', bytesPerSec),
      otherPps: given(options, 'rateest-pps2', u32),
    };
  },
};
