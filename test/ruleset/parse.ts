/** Shorthand for tests: rules around which a table is put. */
import { expect } from 'vitest';
import type { DockfwError } from '../../src/errors.ts';
import type { Match } from '../../src/ruleset/match/index.ts';
import { parseRuleset } from '../../src/ruleset/parser.ts';
import type { Rule } from '../../src/ruleset/rule.ts';
import type { Ruleset } from '../../src/ruleset/ruleset.ts';
import type { Target } from '../../src/ruleset/target/index.ts';
import type { Family } from '../../src/ruleset/values.ts';

const CHAINS: Readonly<Record<string, readonly string[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
};

export interface Parsed {
  readonly ruleset: Ruleset;
  readonly problems: readonly DockfwError[];
  readonly rules: readonly Rule[];
}

export function parse(text: string, family: Family = 4): Parsed {
  const { ruleset, problems } = parseRuleset(text, { file: 'rules', family });
  const rules = ruleset.tables.flatMap(({ chains }) => chains.flatMap((chain) => chain.rules));
  return { ruleset, problems, rules };
}

/** A whole table around one rule in its first chain, with the user chain `next` beside it. */
export function tableOf(spec: string, table = 'filter'): string {
  const chains = CHAINS[table] ?? [];
  const declared = chains.map((chain) => `:${chain} ACCEPT [0:0]`).join('\n');
  return `*${table}\n${declared}\n:next - [0:0]\n-A ${chains[0]} ${spec}\nCOMMIT\n`;
}

/** The only rule of a table; expects no problem. */
export function rule(spec: string, table = 'filter', family: Family = 4): Rule {
  const { problems, rules } = parse(tableOf(spec, table), family);
  expect(problems.map((problem) => problem.format())).toEqual([]);
  expect(rules).toHaveLength(1);
  return rules[0] as Rule;
}

/** The last match of a rule. */
export function match(spec: string, family: Family = 4, table = 'filter'): Match | undefined {
  return rule(spec, table, family).matches.at(-1);
}

export function target(spec: string, table = 'filter', family: Family = 4): Target | null {
  return rule(spec, table, family).target;
}

/** Messages of the problems with one rule. */
export function problemsOf(spec: string, table = 'filter', family: Family = 4): string[] {
  return parse(tableOf(spec, table), family).problems.map(({ message }) => message);
}
