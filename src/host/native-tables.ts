/** nft-ruleset.json: what it adds to iptables-save, which is tables that only nft knows. */
import type { NativeTable } from './host.ts';
import type { JsonObject } from './json.ts';
import { JsonSource } from './json-source.ts';
import type { SourceText } from './notes.ts';

/** Tables of iptables-nft and ip6tables-nft; iptables-save.txt has them with all their matches. */
const XTABLES = new Set(['filter', 'nat', 'mangle', 'raw', 'security']);

function isXtables(family: string, name: string): boolean {
  return (family === 'ip' || family === 'ip6') && XTABLES.has(name);
}

export interface NftTables {
  /** In the order of the file, iptables-nft's own left out. */
  readonly tables: readonly NativeTable[];
  /** iptables-nft's own, as "ip filter". */
  readonly xtables: readonly string[];
  /**
   * Chains of iptables-nft's own tables, as "ip filter FORWARD". iptables-nft creates a base chain
   * when it is first used, while iptables-save prints all of them: one that is not here is no hook,
   * and its policy counts nothing.
   */
  readonly xtablesChains: ReadonlySet<string>;
}

export const NO_NFT_TABLES: NftTables = { tables: [], xtables: [], xtablesChains: new Set() };

interface Counts {
  readonly family: string;
  readonly name: string;
  chains: number;
  rules: number;
}

export function readNativeTables(source: SourceText): NftTables {
  const json = new JsonSource(source);
  if (json.root === null) return NO_NFT_TABLES;
  if (json.root.kind !== 'object') {
    json.problem(json.root, 'expected an object with "nftables"');
    return NO_NFT_TABLES;
  }
  const xtables = new Set<string>();
  const xtablesChains = new Set<string>();
  const tables = new Map<string, Counts>();
  const countsOf = (object: JsonObject, nameField: string): Counts | null => {
    const family = json.string(object, 'family') ?? '';
    const name = json.string(object, nameField) ?? '';
    const key = `${family} ${name}`;
    if (isXtables(family, name)) {
      xtables.add(key);
      return null;
    }
    const counts = tables.get(key) ?? { family, name, chains: 0, rules: 0 };
    tables.set(key, counts);
    return counts;
  };
  for (const item of json.objects(json.array(json.root, 'nftables'), 'nftables')) {
    const table = json.object(item, 'table');
    const chain = json.object(item, 'chain');
    const rule = json.object(item, 'rule');
    if (table !== null) countsOf(table, 'name');
    const chainCounts = chain === null ? null : countsOf(chain, 'table');
    const ruleCounts = rule === null ? null : countsOf(rule, 'table');
    if (chainCounts !== null) chainCounts.chains++;
    else if (chain !== null) {
      const names = ['family', 'table', 'name'].map((field) => json.string(chain, field) ?? '');
      xtablesChains.add(names.join(' '));
    }
    if (ruleCounts !== null) ruleCounts.rules++;
  }
  return { tables: [...tables.values()], xtables: [...xtables], xtablesChains };
}
