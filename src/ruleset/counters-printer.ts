import type { Rule } from './rule.ts';
import type { Chain, Ruleset, Table } from './ruleset.ts';

/** Packets and bytes; numbers must be exact integers. */
export interface PrintedCounters {
  readonly packets: bigint | number;
  readonly bytes: bigint | number;
}

/** Counters of a chain; undefined stands for zero. */
export interface ChainCounters {
  readonly policy?: PrintedCounters | undefined;
  /** In the order of the chain. */
  readonly rules: readonly (PrintedCounters | undefined)[];
}

/** Counters to print; undefined: the chain has none. */
export type CounterSource = (table: string, chain: string) => ChainCounters | undefined;

/** The counters that the rule set's own file had. */
export function fileCounters({ tables }: Ruleset): CounterSource {
  return (table, name) => {
    const chain = tables.find((t) => t.name === table)?.chains.find((c) => c.name === name);
    return chain && { policy: chain, rules: chain.rules };
  };
}

/**
 * The rule set as `iptables-save -c` writes it, with these counters: tables, chains, order and rule
 * texts of the input, no comments, lines ended by "\n". Rules keep the order of the input's lines;
 * a table with insertions is printed chain by chain.
 */
export function printCounters(ruleset: Ruleset, counters: CounterSource): string {
  return ruleset.tables.map((table) => printTable(table, counters)).join('');
}

function printTable(table: Table, counters: CounterSource): string {
  const ofChains = table.chains.map((chain) => ({ chain, own: counters(table.name, chain.name) }));
  const lines = [
    `*${table.name}`,
    ...ofChains
      .filter(({ chain }) => chain.declared)
      .map(({ chain, own }) => {
        const policy = chain.policy === null ? undefined : own?.policy;
        return `:${chain.name} ${chain.policy ?? '-'} ${bracketed(policy)}`;
      }),
    ...inFileOrder(ofChains).map(({ rule, own }) => `${bracketed(own)} ${rule.text}`),
    'COMMIT',
  ];
  return `${lines.join('\n')}\n`;
}

function bracketed(counters: PrintedCounters | undefined): string {
  return `[${counters?.packets ?? 0}:${counters?.bytes ?? 0}]`;
}

interface CountedChain {
  readonly chain: Chain;
  readonly own: ChainCounters | undefined;
}

interface CountedRule {
  readonly rule: Rule;
  readonly own: PrintedCounters | undefined;
}

function inFileOrder(chains: readonly CountedChain[]): CountedRule[] {
  const byChain = chains.flatMap(({ chain, own }) =>
    chain.rules.map((rule, i) => ({ rule, own: own?.rules[i] })),
  );
  const moved = chains.some(({ chain: { rules } }) =>
    rules.some(({ line }, i) => (rules[i - 1]?.line ?? 0) > line),
  );
  return moved ? byChain : byChain.toSorted((a, b) => a.rule.line - b.rule.line);
}
