/** The tables of a rule set as the core numbers them, and which chains are base chains. */
import {
  HOOK_COUNT,
  HOOK_FORWARD,
  HOOK_INPUT,
  HOOK_OUTPUT,
  HOOK_POSTROUTING,
  HOOK_PREROUTING,
  TABLE_FILTER,
  TABLE_MANGLE,
  TABLE_NAT,
  TABLE_RAW,
  TABLE_SECURITY,
} from '../../assembly/abi.ts';
import type { Host } from '../host/host.ts';
import type { Rule } from '../ruleset/rule.ts';
import type { Chain, Ruleset, Table } from '../ruleset/ruleset.ts';

/** A chain with its place in the image. */
export interface PlacedChain {
  readonly id: number;
  readonly ruleset: Ruleset;
  readonly table: Table;
  readonly chain: Chain;
  /** Counter id of its first rule. */
  readonly firstRule: number;
}

const TABLES: ReadonlyMap<string, number> = new Map([
  ['raw', TABLE_RAW],
  ['mangle', TABLE_MANGLE],
  ['nat', TABLE_NAT],
  ['filter', TABLE_FILTER],
  ['security', TABLE_SECURITY],
]);

const HOOKS: ReadonlyMap<string, number> = new Map([
  ['PREROUTING', HOOK_PREROUTING],
  ['INPUT', HOOK_INPUT],
  ['FORWARD', HOOK_FORWARD],
  ['OUTPUT', HOOK_OUTPUT],
  ['POSTROUTING', HOOK_POSTROUTING],
]);

/** TABLE_*, or undefined for a table that netfilter does not have. */
export function tableNumber(table: Table): number | undefined {
  return TABLES.get(table.name);
}

/** All chains of the host's rule sets, IPv4 first, in the order of their files. */
export function placeChains(host: Host): PlacedChain[] {
  const placed: PlacedChain[] = [];
  let firstRule = 0;
  for (const ruleset of [host.rulesets.v4, host.rulesets.v6]) {
    for (const table of ruleset?.tables ?? []) {
      if (ruleset === null || tableNumber(table) === undefined) continue;
      for (const chain of table.chains) {
        placed.push({ id: placed.length, ruleset, table, chain, firstRule });
        firstRule += chain.rules.length;
      }
    }
  }
  return placed;
}

/**
 * HOOK_* of a base chain; HOOK_COUNT for a user chain, and for a base chain that iptables-nft lists
 * though it has never created it: those are not in nft's own list.
 */
export function hookOf({ ruleset, table, chain }: PlacedChain, host: Host): number {
  if (chain.policy === null) return HOOK_COUNT;
  const known = host.xtablesChains;
  const prefix = `${ruleset.family === 4 ? 'ip' : 'ip6'} ${table.name} `;
  const isListed = [...known].some((name) => name.startsWith(prefix));
  if (isListed && !known.has(prefix + chain.name)) return HOOK_COUNT;
  return HOOKS.get(chain.name) ?? HOOK_COUNT;
}

/**
 * Rules whose jump would close a circle of chains, which a kernel does not load. The parser has
 * reported them; here they are only kept from being followed.
 */
export function circularJumps(chains: readonly PlacedChain[]): ReadonlySet<Rule> {
  const circular = new Set<Rule>();
  const finished = new Set<PlacedChain>();
  const open = new Set<PlacedChain>();
  const byName = new Map(chains.map((placed) => [chainKey(placed, placed.chain.name), placed]));
  // Depth first, with a path of its own: ways through chains may be longer than JavaScript's stack.
  const path: { readonly placed: PlacedChain; next: number }[] = [];
  for (const root of chains) {
    if (finished.has(root)) continue;
    path.push({ placed: root, next: 0 });
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      const { placed } = at;
      open.add(placed);
      const rule = placed.chain.rules[at.next++];
      if (rule === undefined) {
        open.delete(placed);
        finished.add(placed);
        path.pop();
        continue;
      }
      if (rule.target?.kind !== 'jump') continue;
      const to = byName.get(chainKey(placed, rule.target.chain));
      if (to === undefined || finished.has(to)) continue;
      if (open.has(to)) circular.add(rule);
      else path.push({ placed: to, next: 0 });
    }
  }
  return circular;
}

function chainKey({ ruleset, table }: PlacedChain, name: string): string {
  return `${ruleset.family} ${table.name} ${name}`;
}

/** Ids by name, per table. */
export function chainIds(
  chains: readonly PlacedChain[],
): (from: PlacedChain, name: string) => number | null {
  const ids = new Map(chains.map((placed) => [chainKey(placed, placed.chain.name), placed.id]));
  return (from, name) => ids.get(chainKey(from, name)) ?? null;
}
