import type { DockfwError } from '../errors.ts';
import type { Host } from '../host/host.ts';
import type { Policy } from '../ruleset/ruleset.ts';
import type { Family } from '../ruleset/values.ts';

/** What a counter of the core counts: a rule, or the policy of a base chain. */
export interface CounterInfo {
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
  /** 1-based in its chain; null for a policy. */
  readonly number: number | null;
  /** null for a rule. */
  readonly policy: Policy | null;
  /** The rule as its file has it, from `-A` on; empty for a policy. */
  readonly text: string;
  /** 1-based line of the file. */
  readonly line: number;
}

/** A host and its rules as the core takes them. Same input, same bytes. */
export interface Compiled {
  readonly image: Uint8Array;
  readonly host: Host;
  /** Index: counter id. */
  readonly counters: readonly CounterInfo[];
  /**
   * Why the rules must be judged by one worker (limit, nth, recent …); empty: any number will do.
   */
  readonly ordered: readonly string[];
  readonly problems: readonly DockfwError[];
}
