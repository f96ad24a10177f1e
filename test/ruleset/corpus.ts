/** The test data that is read in place: $DOCKFW_DATA, else ../shared/data beside the repository. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Family } from '../../src/ruleset/values.ts';

const ROOT = process.env.DOCKFW_DATA ?? resolve(import.meta.dirname, '../../../shared/data');

/** Why tests of the data are skipped; null: the data is there. */
export const missing = existsSync(ROOT) ? null : `no test data at ${ROOT} (set DOCKFW_DATA)`;
if (missing !== null) process.stderr.write(`skipped: ${missing}\n`);

export interface CorpusFile {
  readonly name: string;
  readonly text: string;
  readonly family: Family;
}

function under(folder: string): string[] {
  if (missing !== null || !existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function load(path: string): CorpusFile {
  const family = /ip6tables|counters6|rules\.v6/.test(path) ? 6 : 4;
  return { name: relative(ROOT, path), text: readFileSync(path, 'utf8'), family };
}

/** iptables-save and `iptables -S` outputs, of others and our own. */
export function rulesets(): CorpusFile[] {
  const ofOthers = under('rulesets').filter((path) => /tables-save$|tables-S\.txt$/.test(path));
  const own = [...under('live'), ...under('kernel')].filter((path) =>
    /tables-save(-after)?\.txt$|counters6?\.txt$|rules\.v[46]$/.test(path),
  );
  return [...ofOthers, ...own].map(load);
}

export function ipsets(): CorpusFile[] {
  return [...under('rulesets'), ...under('live'), ...under('kernel')]
    .filter((path) => /\.ipset$|ipset-save\.txt$/.test(path))
    .map(load);
}
