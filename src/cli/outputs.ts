import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import { type HostOptions, SNAPSHOT_FILES } from '../host/index.ts';

/** Names of files to write, by option. */
export interface Outputs {
  readonly counters?: string;
  readonly counters6?: string;
  readonly packets?: string;
}

/** Throws a UsageError where an output would overwrite what is read, or another output. */
export async function checkOutputs(
  { counters, counters6, packets }: Outputs,
  capture: string,
  host: HostOptions,
): Promise<void> {
  const outputs = Object.entries({ counters, counters6, packets });
  if (outputs.every(([, path]) => path === undefined)) return;
  const known = await identities(capture, host);
  for (const [option, path] of outputs) {
    if (path === undefined) continue;
    const id = (await identityOf(path)) ?? resolve(path);
    const other = known.get(id);
    if (other !== undefined) throw new UsageError(`--${option} ${path} would overwrite ${other}`);
    if (id !== NO_FILE) known.set(id, `the file of --${option}`);
  }
}

/** The files that are read, by identity, and what to call them. */
async function identities(
  capture: string,
  { dir, rules, rules6 }: HostOptions,
): Promise<Map<string, string>> {
  const snapshot = dir === undefined ? [] : SNAPSHOT_FILES.map((name) => join(dir, name));
  const inputs: readonly (readonly [string | undefined, string])[] = [
    ...snapshot.map((path) => [path, 'a file of the host snapshot'] as const),
    [rules, 'the file of --rules'],
    [rules6, 'the file of --rules6'],
    [capture === '-' ? undefined : capture, 'the capture'],
  ];
  const known = new Map<string, string>();
  for (const [path, what] of inputs) {
    const id = path === undefined ? undefined : await identityOf(path);
    if (id !== undefined && id !== NO_FILE) known.set(id, what);
  }
  return known;
}

const NO_FILE = 'no file';

/**
 * What all names of a file have in common; NO_FILE for what loses nothing when it is written, such
 * as /dev/null; undefined where nothing is there, or not to be seen: opening it will tell.
 */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? `${found.dev}:${found.ino}` : NO_FILE;
  } catch {
    return undefined;
  }
}
