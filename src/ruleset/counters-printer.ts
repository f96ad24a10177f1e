import type { Chain, Ruleset, Table } from './ruleset.ts';

/** Packets and bytes; numbers must be exact integers. */
export interface PrintedCounters {
  readonly packets: bigint | number;
  readonly bytes: bigint | number;
}

/**
 * Counters to print; undefined stands for zero. `number` is the rule's place in its chain, from 1.
 */
export interface CounterSource {
  rule(table: string, chain: string, number: number): PrintedCounters | undefined;
  policy(table: string, chain: string): PrintedCounters | undefined;
}

/** The counters that the rule set's own file had. */
export function fileCounters(ruleset: Ruleset): CounterSource {
  const chain = (table: string, name: string) =>
    ruleset.tables.find((t) => t.name === table)?.chains.find((c) => c.name === name);
  return {
    rule: (table, name, number) => chain(table, name)?.rules[number - 1],
    policy: (table, name) => chain(table, name),
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
  const lines = [
    `*${table.name}`,
    ...table.chains
      .filter(({ declared }) => declared)
      .map((chain) => {
        const own = chain.policy === null ? undefined : counters.policy(table.name, chain.name);
        return `:${chain.name} ${chain.policy ?? '-'} ${bracketed(own)}`;
      }),
    ...inFileOrder(table).map(({ chain, rule }) => {
      const own = counters.rule(table.name, chain.name, rule.number);
      return `${bracketed(own)} ${rule.text}`;
    }),
    'COMMIT',
  ];
  return `${lines.join('\n')}\n`;
}

function bracketed(counters: PrintedCounters | undefined): string {
  return `[${counters?.packets ?? 0}:${counters?.bytes ?? 0}]`;
}

type ChainRule = { readonly chain: Chain; readonly rule: Chain['rules'][number] };

function inFileOrder(table: Table): ChainRule[] {
  const byChain = table.chains.flatMap((chain) => chain.rules.map((rule) => ({ chain, rule })));
  const moved = byChain.some(({ chain, rule }, i) => {
    const before = byChain[i - 1];
    return before?.chain === chain && before.rule.line > rule.line;
  });
  return moved ? byChain : byChain.toSorted((a, b) => a.rule.line - b.rule.line);
}
