/** Tables, chains and rules while a file is being read; their finished form is in ruleset.ts. */
import type { Counters, RuleBody } from './command.ts';
import type { Rule } from './rule.ts';
import type { Chain, Policy, Table } from './ruleset.ts';
import type { Target } from './target/index.ts';

/** A rule on its way into a chain: an insertion moves the rules behind it. */
export class RuleDraft {
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  readonly body: RuleBody;
  readonly counters: Counters | null;
  /** Replaced where a jump turns out to be impossible. */
  target: Target | null;

  /** `counters` stand before the rule; those of `-c` win. */
  constructor(body: RuleBody, line: number, column: number, counters: Counters | null) {
    this.body = body;
    this.line = line;
    this.column = column;
    this.counters = body.counters ?? counters;
    this.target = body.target;
  }

  /** `number` is its final place in the chain. */
  build(number: number): Rule {
    const { body, counters } = this;
    return {
      line: this.line,
      column: this.column,
      number,
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
      target: this.target,
      goto: body.goto,
    };
  }
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
    const rules = this.rules.map((rule, i) => rule.build(i + 1));
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
