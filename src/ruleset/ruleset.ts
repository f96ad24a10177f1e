import type { Rule } from './rule.ts';
import type { Family } from './values.ts';

export type Policy = 'ACCEPT' | 'DROP';

export interface Chain {
  readonly name: string;
  /** null for a user chain. */
  readonly policy: Policy | null;
  /** Counters of the policy; 0 for user chains and where the file has none. */
  readonly packets: bigint;
  readonly bytes: bigint;
  /** Line that declares the chain, else of the first rule in it. 1-based. */
  readonly line: number;
  /** False for a base chain that only its rules mention. */
  readonly declared: boolean;
  readonly rules: readonly Rule[];
}

export interface Table {
  readonly name: string;
  /** 1-based line of `*name`, or of the first line where the file names no table. */
  readonly line: number;
  /** In the order of the file. */
  readonly chains: readonly Chain[];
}

/** Which iptables wrote the file: the first line of iptables-save says so since 1.8. */
export type Backend = 'nft' | 'legacy' | 'unknown';

/** What one iptables-save or `iptables -S` output says, faithful to its source. */
export interface Ruleset {
  readonly family: Family;
  readonly backend: Backend;
  readonly file: string;
  /** Lines of the file without line ends; lines[n - 1] is line n. */
  readonly lines: readonly string[];
  readonly tables: readonly Table[];
}
