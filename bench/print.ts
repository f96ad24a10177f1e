/** The table of results, a line at a time. */
import { median, type Sample } from './row.ts';

const NAME_WIDTH = 27; // of contenders; a row's own name has a line to itself

type Quantity = keyof Sample;

/** Heading, and how a quantity's least is written; rates have three columns of their own. */
const COLUMNS: readonly (readonly [heading: string, of: Quantity, text: (n: number) => string])[] =
  [
    ['compile ms', 'compileMillis', (millis) => millis.toFixed(1)],
    ['start ms', 'startMillis', (millis) => millis.toFixed(0)],
    ['MB', 'bytes', (bytes) => (bytes / 1e6).toFixed(1)],
    ['B/conn', 'bytesPerConnection', (bytes) => bytes.toFixed(0)],
  ];

const cell = (text: string, width = 9): string => text.padStart(width);
const valuesOf = (samples: readonly Sample[], of: Quantity): number[] =>
  samples.flatMap((sample) => sample[of] ?? []);

function put(name: string, cells: readonly string[]): void {
  process.stdout.write(`${`${name.padEnd(NAME_WIDTH)}${cells.join('')}`.trimEnd()}\n`);
}

export function printHead(): void {
  const rates = ['M/s', 'median', 'ns'].map((heading) => cell(heading));
  const others = COLUMNS.map(([heading]) => cell(heading, 11));
  put('', [...rates, ...others, cell('ratio')]);
}

function rateCells(rates: readonly number[]): string[] {
  if (rates.length === 0) return ['', '', ''].map((text) => cell(text));
  const best = Math.max(...rates);
  const millions = [best, median(rates)].map((rate) => cell((rate / 1e6).toFixed(3)));
  return [...millions, cell((1e9 / best).toFixed(1))];
}

/** The best rate of the samples: what else a machine does makes a round slower, never faster. */
function speed(samples: readonly Sample[]): number {
  const rates = valuesOf(samples, 'rate');
  return rates.length > 0
    ? Math.max(...rates)
    : 1 / Math.min(...valuesOf(samples, 'compileMillis'));
}

/** How many times as fast as `other` the first contender is; '' when that cannot be said. */
function ratio(first: readonly Sample[], other: readonly Sample[]): string {
  const times = speed(first) / speed(other);
  return first === other || Number.isNaN(times) ? '' : times.toFixed(2);
}

export function printLine(
  name: string,
  samples: readonly Sample[],
  first: readonly Sample[],
): void {
  const others = COLUMNS.map(([, of, text]) => {
    const values = valuesOf(samples, of);
    return cell(values.length === 0 ? '' : text(Math.min(...values)), 11);
  });
  put(name, [...rateCells(valuesOf(samples, 'rate')), ...others, cell(ratio(first, samples))]);
}

/** A row, or a contender of one, that is not measured. */
export function printSkipped(name: string, why: string): void {
  put(name, [`skipped: ${why}`]);
}
