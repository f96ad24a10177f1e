import type { Argument } from './extension.ts';
import type { Fault } from './fault.ts';
import type { Rule } from './rule.ts';

/** A rule without its place in file and chain. */
export type RuleBody = Omit<
  Rule,
  'line' | 'column' | 'number' | 'packets' | 'bytes' | 'hasCounters'
> & {
  /** Of `-c`; null without. */
  readonly counters: Counters | null;
  /** Column of the target's name, for what is found out about it later. */
  readonly targetColumn: number;
};

export interface Counters {
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** What one line of a rule set says. */
export type Command =
  /** `position` is 1-based, null for the end. Lists of addresses make several rules. */
  | {
      readonly kind: 'rule';
      readonly chain: Argument;
      readonly position: number | null;
      readonly rules: readonly RuleBody[];
    }
  | { readonly kind: 'new-chain'; readonly chain: Argument }
  | { readonly kind: 'policy'; readonly chain: Argument; readonly policy: Argument }
  /** For the other family (`-4`, `-6`). */
  | { readonly kind: 'ignored' };

/** What is wrong with a line; `extension` where it is one that is not known. */
export interface LineProblem {
  readonly fault: Fault;
  readonly extension?: { readonly name: string; readonly kind: 'match' | 'target' };
}

export interface CommandLine {
  readonly command: Command;
  /** Value of `-t`. */
  readonly table: Argument | null;
  readonly problems: readonly LineProblem[];
}
