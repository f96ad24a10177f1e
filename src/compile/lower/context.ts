import type { Host } from '../../host/host.ts';
import type { Match, MatchKind } from '../../ruleset/match/index.ts';
import type { Rule } from '../../ruleset/rule.ts';
import type { Family } from '../../ruleset/values.ts';

/** The nodes of one kind, or of several. */
export type MatchOf<Kind extends MatchKind> = Extract<Match, { readonly kind: Kind }>;

/** A match as it will lie in the blob; layouts are in assembly/abi-rules.ts. */
export interface LoweredMatch {
  /** MATCH_* */
  readonly kind: number;
  /** DIM_*, for conditions on a dimension. */
  readonly dim: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

export interface LoweredTarget {
  /** TARGET_* */
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** What cannot be evaluated from a capture and a snapshot, and why. */
export class Refused {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

/** State that matches share: one per kind and name (recent lists, hashlimit tables, sets). */
export interface StateSpace {
  /** Offset of `bytes` of state in the worker's area; the same for the same key. */
  allocate(bytes: number, key?: string): number;
  /** What was made first under this key: settings of the first rule, conditions that recur. */
  remember<T extends object>(key: string, make: () => T): T;
}

/** Where the matches of a rule are written; each method returns how many it wrote. */
export interface MatchWriter {
  /** Writes once more what is the node's, as rules may share one; 0: nothing is known of it. */
  again(node: object): number;
  /** Writes matches that are the same in each rule that has this node. */
  first(node: object, matches: readonly LoweredMatch[]): number;
  /** Writes matches that are this rule's alone. */
  add(matches: readonly LoweredMatch[]): number;
}

/** How the rules use a set. */
export interface SetUsage {
  /** Why packets must be asked in order, or null. */
  readonly ordered: string | null;
  readonly hasMac: boolean;
  /** Full, it gives up an entry that the kernel's hash chooses. */
  readonly forceadd: boolean;
}

/** What lowering a rule may know besides its own nodes; valid until the next rule. */
export interface LowerContext {
  readonly host: Host;
  readonly family: Family;
  /** iptables-nft wrote the rules: some matches are native expressions. */
  readonly native: boolean;
  readonly rule: Rule;
  readonly state: StateSpace;
  /** Number of the rule in the image: seeds choices that the kernel leaves to chance. */
  readonly counter: number;
  /** Id of a chain of the same table, or null. */
  chainId(name: string): number | null;
  /** Index of a set in the image, or null. */
  setIndex(name: string): number | null;
  setUsage(name: string): SetUsage;
  /** Times that entries of a recent list remember. */
  recentStamps(name: string): number;
  /** Rules with this need one worker. */
  ordered(reason: string): void;
  /** The answer stands, but its reader should know. */
  warn(message: string): void;
}
