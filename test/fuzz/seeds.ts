/** Real inputs to begin with: the repository's own, and those of DOCKFW_DATA. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SNAPSHOT_FILES } from '../../src/host/index.ts';
import type { Files } from './bench.ts';

/** The repository, also when this runs from dist/. */
export const root = process.cwd();
const roots = [
  ...['examples', 'test/live/cases', 'test/kernel/cases'].map((dir) => join(root, dir)),
  process.env.DOCKFW_DATA ?? join(root, '../shared/data'),
];
const LARGEST = 200_000;

function* filesBelow(dir: string): Generator<string> {
  if (!existsSync(dir)) return;
  for (const name of readdirSync(dir).sort()) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) yield* filesBelow(path);
    else yield path;
  }
}

const all = roots.flatMap((dir) => [...filesBelow(dir)]);

function contents(names: RegExp): Uint8Array[] {
  const found = all.filter((path) => names.test(basename(path)));
  const seen = new Map<string, Uint8Array>();
  for (const path of found) {
    const bytes = readFileSync(path).subarray(0, LARGEST);
    if (bytes.length > 0) seen.set(bytes.toString('latin1'), bytes);
  }
  return [...seen.values()];
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** Starts of captures, as they are in their files. */
export const captures = (): Uint8Array[] => contents(/\.(pcap|pcapng|cap)(\.gz|\.zst)?$/);
export const rulesets = (): string[] =>
  contents(/(tables-save(-after)?(\.txt)?|rules\.v[46])$/).map(text);
export const ipsets = (): string[] => contents(/(ipset-save\.txt|\.ipset)$/).map(text);

/** Snapshots: the directories with an ip-addr.json. */
export function hosts(): Files[] {
  const dirs = all
    .filter((path) => basename(path) === 'ip-addr.json')
    .map((path) => join(path, '..'));
  return [...new Set(dirs)].map((dir) =>
    Object.fromEntries(
      SNAPSHOT_FILES.filter((name) => existsSync(join(dir, name))).map((name) => [
        name,
        readFileSync(join(dir, name), 'utf8'),
      ]),
    ),
  );
}
