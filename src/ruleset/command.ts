import type { Argument, RuleContext } from './extension.ts';
import type { Use } from './extension-use.ts';
import type { Fault } from './fault.ts';
import type { Token } from './lexer.ts';
import type { Match } from './match/index.ts';
import type { Rule } from './rule.ts';
import type { Target } from './target/index.ts';
import type { Family } from './values.ts';

/** Where a line stands. `line` is 1-based. */
export interface LinePlace {
  readonly family: Family;
  readonly table: string;
  readonly line: number;
}

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

/** What the words of a line are, for other lines that say the same of other numbers. */
export interface LineParts {
  readonly tokens: readonly Token[];
  /** The values of -s, -d, -i and -o. */
  readonly src: Token | null;
  readonly dst: Token | null;
  readonly in: Token | null;
  readonly out: Token | null;
  readonly matches: readonly Use<Match>[];
  readonly target: Use<Target> | null;
  readonly context: RuleContext;
}
