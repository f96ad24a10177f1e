/** Captures of others that tests read in place; tests that need them say so and skip without. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dataDir = process.env.DOCKFW_DATA ?? join(root, '../shared/data');
export const hasData = existsSync(join(dataDir, 'captures'));
if (!hasData) console.warn(`skipped: no captures at ${dataDir} (set DOCKFW_DATA)`);

const CAPTURE = /\.(pcap|pcapng|cap)(\.gz|\.zst)?$/;

function* capturesBelow(dir: string): Generator<string> {
  if (!existsSync(dir)) return;
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) yield* capturesBelow(path);
    else if (CAPTURE.test(name)) yield path;
  }
}

/** Paths of all captures: the repository's own, and those of others. */
export function captureFiles(): string[] {
  const own = ['examples', 'test/live/cases', 'test/kernel/cases'].map((dir) => join(root, dir));
  return [...own, dataDir].flatMap((dir) => [...capturesBelow(dir)]).sort();
}
