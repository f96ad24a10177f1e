/**
 * Compares cases with the kernel from the command line: `npm run compare -- [--all] CASE …`.
 * A case is the start of a name in test/kernel/cases or test/live/cases, or a directory of either
 * shape. --all prints every frame that differs, not the first twenty. Exit status 1: something does.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkLiveCase, describeLiveResult, readLiveCase } from '../live/live-case.ts';
import { caseNames, readCase } from './case.ts';
import { checkCase, describeResult } from './check-case.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { all: { type: 'boolean' }, workers: { type: 'string', default: '1' } },
});
const workers = Number(values.workers);

function directoriesOf(wanted: string): string[] {
  if (existsSync(join(wanted, 'host'))) return [resolve(wanted)];
  return ['test/kernel/cases', 'test/live/cases'].flatMap((directory) =>
    caseNames(directory)
      .filter((name) => name.startsWith(wanted))
      .map((name) => resolve(directory, name)),
  );
}

/** What differs in one case; '' when nothing does. */
async function compare(directory: string): Promise<string> {
  const [parent, name] = [dirname(directory), basename(directory)];
  const limit = values.all === true ? Infinity : 20;
  if (existsSync(join(directory, 'expected'))) {
    const kernelCase = readCase(parent, name);
    const result = await checkCase(kernelCase, workers);
    return describeResult(kernelCase, result, limit);
  }
  const liveCase = readLiveCase(parent, name);
  return describeLiveResult(liveCase, await checkLiveCase(liveCase, workers), limit);
}

const directories = (positionals.length === 0 ? [''] : positionals).flatMap(directoriesOf);
if (directories.length === 0) {
  process.stderr.write(`no such case: ${positionals.join(', ')}\n`);
  process.exitCode = 2;
}
for (const directory of directories) {
  const differences = await compare(directory);
  if (differences !== '') process.exitCode = 1;
  const answer = differences === '' ? `${basename(directory)}: equal` : differences;
  process.stdout.write(`${answer}\n`);
}
