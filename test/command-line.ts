/**
 * Command lines of the project's tools: what is wrong with one is said in a line, exit status 2.
 * --help prints how a tool is called, and its options.
 */
import { type ParseArgsConfig, parseArgs } from 'node:util';

type OptionConfig = (ParseArgsConfig['options'] & {})[string];

export function fail(complaint: string): never {
  process.stderr.write(`${complaint}\n`);
  process.exit(2);
}

/** As parseArgs(); `usage` is a call in short, and where more is said of it. */
export function readArguments<Config extends ParseArgsConfig>(
  usage: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  if ((config.args ?? process.argv.slice(2)).includes('--help')) {
    const options = Object.entries(config.options ?? {}).map(describeOption);
    process.stdout.write(['Usage: ', usage, '\n\nOptions:\n', ...options].join(''));
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return fail(error.message.split('. ')[0] ?? error.message);
  }
}

function describeOption([name, option]: [string, OptionConfig]): string {
  const value = option.type === 'string' ? ' VALUE' : '';
  const preset =
    typeof option.default === 'string' && option.default !== '' ? `  (${option.default})` : '';
  return `  --${name}${value}${preset}\n`;
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
