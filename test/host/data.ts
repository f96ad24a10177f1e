/** Where the project's snapshots are: DOCKFW_DATA, else the folder beside the repository. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SNAPSHOT_FILES, type SnapshotFile } from '../../src/host/index.ts';

const beside = fileURLToPath(new URL('../../../shared/data', import.meta.url));
export const DATA = process.env.DOCKFW_DATA ?? beside;

/** Why tests with real snapshots are skipped; undefined: they are not. */
export const SKIP_REASON = existsSync(DATA) ? undefined : `no test data at ${DATA}`;
if (SKIP_REASON !== undefined) process.stderr.write(`test/host: skipped: ${SKIP_REASON}\n`);

/** Directories of all snapshots. */
export function snapshots(): string[] {
  if (SKIP_REASON !== undefined) return [];
  return ['live', 'kernel'].flatMap((group) =>
    readdirSync(join(DATA, group), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(DATA, group, entry.name, 'host')),
  );
}

export type Files = Partial<Record<SnapshotFile, string>>;

/** A snapshot's files, to be edited before they are read. */
export function loadFiles(dir: string): Files {
  const files: Files = {};
  for (const name of SNAPSHOT_FILES) {
    const path = join(dir, name);
    if (existsSync(path)) files[name] = readFileSync(path, 'utf8');
  }
  return files;
}
