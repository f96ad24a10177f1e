import { type Argument, type Extension, VALUE } from '../extension.ts';
import { Fault } from '../fault.ts';
import { namedIn } from '../named-in.ts';
import { shortText } from '../readers.ts';

/** -j RATEEST */
export interface RateestTarget {
  readonly kind: 'RATEEST';
  readonly name: string;
  readonly intervalSec: number;
  readonly ewmaSec: number;
}

const UNITS: Readonly<Record<string, number>> = {
  s: 1,
  sec: 1,
  ms: 1e-3,
  msec: 1e-3,
  us: 1e-6,
  usec: 1e-6,
};

/** A time such as 250ms, in seconds; a bare number is in microseconds. */
function time(arg: Argument): number {
  const parts = /^(\d+\.?\d*)(\w*?)s?$/i.exec(arg.text);
  const word = (/[a-z]+$/i.exec(arg.text)?.[0] ?? 'us').toLowerCase();
  const unit = namedIn(UNITS, word) ?? namedIn(UNITS, word.replace(/s$/, ''));
  if (parts === null || unit === undefined) {
    throw new Fault(`expected a time such as 250ms, found "${arg.text}"`, arg.column);
  }
  return Number(parts[1]) * unit;
}

export const rateestTargetExtension: Extension<RateestTarget> = {
  name: 'RATEEST',
  options: { 'rateest-name': VALUE, 'rateest-interval': VALUE, 'rateest-ewmalog': VALUE },
  read: (options) => ({
    kind: 'RATEEST',
    name: options.required('rateest-name', shortText(15, 1)),
    intervalSec: options.required('rateest-interval', time),
    ewmaSec: options.required('rateest-ewmalog', time),
  }),
};
