/** Command lines of the project's tools: what is wrong with one is said in a line, exit status 2. */
import { type ParseArgsConfig, parseArgs } from 'node:util';

export function fail(complaint: string): never {
  process.stderr.write(`${complaint}\n`);
  process.exit(2);
}

/** As parseArgs(). */
export function readArguments<Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return fail(error.message.split('. ')[0] ?? error.message);
  }
}

/** A whole number from `least` on; `name` is what it was given for. */
export function numberOf(name: string, text: string, least = 1): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  return fail(`${name}: expected a number from ${least}, not ${text}`);
}

/** The seeds of `SEED` or `SEED-LAST`. */
export function seedsOf(range: string): number[] {
  const [first = 0, last = first, ...more] = range
    .split('-')
    .map((text) => numberOf('SEED', text, 0));
  if (more.length > 0 || last < first) fail(`expected SEED or SEED-LAST, not ${range}`);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
