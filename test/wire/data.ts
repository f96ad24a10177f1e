/** Captures of others that tests read in place; tests that need them say so and skip without. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const dataDir = process.env.DOCKFW_DATA ?? join(root, '../shared/data');
export const hasData = existsSync(join(dataDir, 'captures'));
if (!hasData) console.warn(`skipped: no captures at ${dataDir} (set DOCKFW_DATA)`);

/** Paths of all captures there, ours and others'. */
export function captureFiles(): string[] {
  if (!hasData) return [];
  const files = readdirSync(join(dataDir, 'captures')).map((name) =>
    join(dataDir, 'captures', name),
  );
  for (const kind of ['live', 'kernel']) {
    const dir = join(dataDir, kind);
    if (!existsSync(dir)) continue;
    for (const name of readdirSync(dir)) {
      if (!statSync(join(dir, name)).isDirectory()) continue;
      for (const file of readdirSync(join(dir, name))) {
        if (/\.pcap(ng)?$/.test(file)) files.push(join(dir, name, file));
      }
    }
  }
  return files.sort();
}
