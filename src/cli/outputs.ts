import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UsageError } from '../errors.ts';

/** Files of a command line, by option; the capture has none. */
export interface Files {
  readonly capture: string;
  readonly rules?: string;
  readonly rules6?: string;
  readonly counters?: string;
  readonly counters6?: string;
  readonly packets?: string;
}

/** Throws a UsageError where an output would overwrite what is read, or another output. */
export async function checkOutputs(files: Files): Promise<void> {
  const { capture, rules, rules6, counters, counters6, packets } = files;
  const outputs = Object.entries({ counters, counters6, packets });
  if (outputs.every(([, path]) => path === undefined)) return;
  const inputs = Object.entries({ capture: capture === '-' ? undefined : capture, rules, rules6 });
  const known = new Map<string, string>();
  for (const [name, path] of inputs) {
    const id = await identityOf(path);
    if (id !== null) known.set(id, name === 'capture' ? 'the capture' : `the file of --${name}`);
  }
  for (const [name, path] of outputs) {
    const id = await identityOf(path);
    if (id === null) continue;
    const other = known.get(id);
    if (other !== undefined) throw new UsageError(`--${name} ${path} would overwrite ${other}`);
    known.set(id, `the file of --${name}`);
  }
}

/** What two names of a file have in common; null for what is no file, such as /dev/null. */
async function identityOf(path: string | undefined): Promise<string | null> {
  if (path === undefined) return null;
  try {
    const found = await stat(path);
    return found.isFile() ? `${found.dev}:${found.ino}` : null;
  } catch {
    return resolve(path); // not there yet, or not to be seen: opening it will tell
  }
}
