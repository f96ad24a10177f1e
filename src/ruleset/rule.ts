import type { Match } from './match/index.ts';
import type { Target } from './target/index.ts';
import type { AddressMatch, InterfaceMatch, Invertible } from './values.ts';

/** `-p`: 0 is "any protocol" (which then matches all, or nothing when inverted). */
export interface ProtocolMatch extends Invertible {
  readonly number: number;
}

/** One rule as its file says it. */
export interface Rule {
  /** 1-based line of the file. */
  readonly line: number;
  /** 1-based column of `text` in that line. */
  readonly column: number;
  /** 1-based position in its chain. */
  readonly number: number;
  /** The line from `-A` on, without counters before it: byte for byte the input's. */
  readonly text: string;
  /** Counters as the file has them; 0 where it has none. */
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly hasCounters: boolean;
  readonly src: AddressMatch | null;
  readonly dst: AddressMatch | null;
  readonly in: InterfaceMatch | null;
  readonly out: InterfaceMatch | null;
  readonly proto: ProtocolMatch | null;
  /** `-f`: second and further fragments; inverted, first ones and whole packets. IPv4 only. */
  readonly fragment: Invertible | null;
  /** In source order, which is the order the kernel evaluates. */
  readonly matches: readonly Match[];
  /** null: the rule only counts. */
  readonly target: Target | null;
  /** `-g`: the target is a user chain that is not returned from. */
  readonly goto: boolean;
}
