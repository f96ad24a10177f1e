/** A host and its rules as the core takes them: compiled now, or by an earlier run. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { type Compiled, compile, type UnknownPolicy } from '../compile/index.ts';
import { builtFile } from '../engine/location.ts';
import {
  type HostOptions,
  hostOf,
  readSnapshot,
  type Snapshot,
  type SnapshotFile,
} from '../host/index.ts';
import type { CompiledCache } from './compiled-cache.ts';

/** Files whose length is what reading and compiling a host takes. */
const RULE_FILES: readonly SnapshotFile[] = [
  'iptables-save.txt',
  'ip6tables-save.txt',
  'ipset-save.txt',
];

/** Characters of rules from which a file is faster: some 500 rules. */
const WORTH_KEEPING = 65536;

export interface CompiledHost {
  readonly compiled: Compiled;
  /** Keeps what was compiled for the next run, if that is worth it and nothing is wrong with it. */
  keep(): void;
}

export async function compiledHost(
  options: HostOptions,
  unknown: UnknownPolicy,
  cache: CompiledCache | null,
): Promise<CompiledHost> {
  const snapshot = await readSnapshot(options);
  const key = cache !== null && isWorthKeeping(snapshot) ? keyOf(snapshot, unknown) : null;
  const known = key === null ? null : cache?.load(key);
  if (known) return { compiled: known, keep: () => undefined };
  const compiled = compile(hostOf(snapshot), { unknown });
  const keep = () => {
    const isGood = compiled.problems.length === 0 && compiled.host.problems.length === 0;
    if (key !== null && isGood) cache?.save(key, compiled);
  };
  return { compiled, keep };
}

function isWorthKeeping({ files, notes }: Snapshot): boolean {
  const length = RULE_FILES.reduce((sum, name) => sum + (files.get(name)?.text.length ?? 0), 0);
  return length >= WORTH_KEEPING && notes.problems.length === 0;
}

/** A hash of all that a compiled host depends on: of the program as well, whatever its version. */
function keyOf({ source, files, interfaces }: Snapshot, unknown: UnknownPolicy): string {
  const hash = createHash('sha256');
  hash.update(readFileSync(builtFile('bundle/cli/command.js')));
  const parts = [...files].map(([name, { path, text }]) => [name, path, text.length]);
  hash.update(JSON.stringify([process.version, unknown, source, interfaces, parts]));
  for (const { text } of files.values()) hash.update(text);
  return hash.digest('hex');
}
