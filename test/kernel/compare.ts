/**
 * Compares cases with the kernel from the command line: `npm run compare -- [--all] CASE …`.
 * A case is the start of a name in test/kernel/cases or test/live/cases, or a file or a directory
 * of either shape. --all prints every frame that differs, not the first twenty. Exit status 1:
 * something does.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fail, numberOf, readArguments } from '../command-line.ts';
import { checkLiveCase, describeLiveResult, readLiveCase } from '../live/live-case.ts';
import { caseNames, readCase } from './case.ts';
import { checkCase, describeResult } from './check-case.ts';

const { values, positionals } = readArguments(
  'npm run compare -- [OPTIONS] [CASE …] (test/kernel/README.md)',
  {
    allowPositionals: true,
    options: { all: { type: 'boolean' }, workers: { type: 'string', default: '1' } },
  },
);
const workers = numberOf('--workers', values.workers);

function pathsOf(wanted: string): string[] {
  const isCase = wanted.endsWith('.json') || existsSync(join(wanted, 'host'));
  if (isCase && existsSync(wanted)) return [resolve(wanted)];
  return ['test/kernel/cases', 'test/live/cases'].flatMap((directory) =>
    caseNames(directory)
      .filter((name) => name.startsWith(wanted))
      .map((name) => resolve(directory, name)),
  );
}

/** What differs in one case; '' when nothing does. */
async function compare(path: string): Promise<string> {
  const [parent, name] = [dirname(path), basename(path)];
  const limit = values.all === true ? Infinity : 20;
  if (name.endsWith('.json') || existsSync(join(path, 'expected'))) {
    const kernelCase = readCase(parent, name);
    const result = await checkCase(kernelCase, workers);
    return describeResult(kernelCase, result, limit);
  }
  const liveCase = readLiveCase(parent, name);
  return describeLiveResult(liveCase, await checkLiveCase(liveCase, workers), limit);
}

const paths = (positionals.length === 0 ? [''] : positionals).flatMap(pathsOf);
if (paths.length === 0) fail(`no such case: ${positionals.join(', ')}`);
for (const path of paths) {
  const differences = await compare(path);
  if (differences !== '') process.exitCode = 1;
  const answer = differences === '' ? `${basename(path)}: equal` : differences;
  process.stdout.write(`${answer}\n`);
}
