/** Tables, chains and rules while a file is being read; their finished form is in ruleset.ts. */
import type { Counters, RuleBody } from './command.ts';
import type { Rule } from './rule.ts';
import type { Chain, Policy, Table } from './ruleset.ts';
import type { Target } from './target/index.ts';

/** A rule on its way into a chain: an insertion moves the rules behind it. */
export type RuleDraft = Omit<Rule, 'number' | 'target'> & {
  /** Known once the chain is whole. */
  number: number;
  /** Replaced where a jump turns out to be impossible. */
  target: Target | null;
};

/** `counters` stand before the rule; those of `-c` win. */
export function draftOf(
  body: RuleBody,
  line: number,
  column: number,
  before: Counters | null,
): RuleDraft {
  const counters = body.counters ?? before;
  return {
    line,
    column,
    number: 0,
    text: body.text,
    packets: counters?.packets ?? 0n,
    bytes: counters?.bytes ?? 0n,
    hasCounters: counters !== null,
    src: body.src,
    dst: body.dst,
    in: body.in,
    out: body.out,
    proto: body.proto,
    fragment: body.fragment,
    matches: body.matches,
    target: body.target,
    goto: body.goto,
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
    const { name, policy, line, declared, counters, rules } = this;
    rules.forEach((rule, i) => {
      rule.number = i + 1;
    });
    return { name, policy, ...counters, line, declared, rules };
  }
}

export class TableBuilder {
  readonly name: string;
  readonly line: number;
  readonly chains = new Map<string, ChainBuilder>();
  /** Rules that jump, and the columns in their lines at which their targets are named. */
  readonly jumps = new Map<RuleDraft, number>();

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
