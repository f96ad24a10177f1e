/** Tables, chains and rules while a file is being read; their finished form is in ruleset.ts. */
import type { Counters, RuleBody } from './command.ts';
import type { Rule } from './rule.ts';
import type { Chain, Policy, Table } from './ruleset.ts';
import type { Target } from './target/index.ts';

/** `number` is given when the chain is finished: an insertion moves the rules behind it. */
export interface RuleDraft extends Omit<Rule, 'number' | 'target'> {
  target: Target | null;
  readonly targetColumn: number;
}

/** A rule body in its place; counters of `-c` win over those before the rule. */
export function ruleDraft(
  body: RuleBody,
  place: { readonly line: number; readonly column: number; readonly counters: Counters | null },
): RuleDraft {
  const { counters: own, ...rest } = body;
  const counters = own ?? place.counters;
  return {
    ...rest,
    line: place.line,
    column: place.column,
    packets: counters?.packets ?? 0n,
    bytes: counters?.bytes ?? 0n,
    hasCounters: counters !== null,
  };
}

export class ChainBuilder {
  readonly name: string;
  readonly line: number;
  readonly declared: boolean;
  policy: Policy | null;
  counters: Counters = { packets: 0n, bytes: 0n };
  readonly rules: RuleDraft[] = [];

  constructor(name: string, line: number, policy: Policy | null, declared: boolean) {
    this.name = name;
    this.line = line;
    this.policy = policy;
    this.declared = declared;
  }

  /** `position` is 1-based; false where the chain is too short for it. */
  insert(rule: RuleDraft, position: number): boolean {
    if (position > this.rules.length + 1) return false;
    this.rules.splice(position - 1, 0, rule);
    return true;
  }

  build(): Chain {
    const { name, policy, line, declared, counters } = this;
    const rules = this.rules.map(({ targetColumn: _, ...rule }, i) => ({ ...rule, number: i + 1 }));
    return { name, policy, ...counters, line, declared, rules };
  }
}

export class TableBuilder {
  readonly name: string;
  readonly line: number;
  readonly chains = new Map<string, ChainBuilder>();

  constructor(name: string, line: number) {
    this.name = name;
    this.line = line;
  }

  build(): Table {
    return {
      name: this.name,
      line: this.line,
      chains: [...this.chains.values()].map((chain) => chain.build()),
    };
  }
}
