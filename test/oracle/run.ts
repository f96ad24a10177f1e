/**
 * The oracle from the command line, on the built dist/:
 *
 *     npm run oracle -- [--shrink] [--workers N] SEED[-LAST] …
 *
 * Prints the differences of each seed; with --shrink also of a smaller case of the first that
 * differs, which stays in a directory. Exit status 1: something differs.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { numberOf, readArguments, seedsOf } from '../command-line.ts';
import { caseOf, differencesOf, shrink } from './differences.ts';
import { Diversity } from './diversity.ts';

const { values, positionals } = readArguments(
  'npm run oracle -- [OPTIONS] [SEED[-LAST] …] (test/oracle/README.md)',
  {
    allowPositionals: true,
    options: { shrink: { type: 'boolean' }, workers: { type: 'string', default: '1' } },
  },
);
const workers = numberOf('--workers', values.workers);
const print = (...lines: readonly string[]): void => {
  process.stdout.write(`${lines.join('\n')}\n`);
};

const diversity = new Diversity();
let bad = 0;
for (const seed of (positionals.length === 0 ? ['1-48'] : positionals).flatMap(seedsOf)) {
  const oracle = caseOf(seed);
  diversity.add(oracle);
  const differences = await differencesOf(oracle, workers);
  if (differences.length === 0) continue;
  bad++;
  print(`seed ${seed}: ${differences.length} lines`, ...differences.slice(0, 20));
  if (values.shrink !== true || bad > 1) continue;
  const small = await shrink(oracle, workers);
  const directory = mkdtempSync(join(tmpdir(), `dockfw-oracle-${seed}-`));
  print(`smaller, in ${directory}:`, ...(await differencesOf(small, workers, directory)));
  print(...small.rules.split('\n').filter((line) => line.startsWith('-A ')));
}
print(`${diversity}`, bad === 0 ? 'equal' : `${bad} seeds differ`);
if (bad > 0) process.exitCode = 1;
