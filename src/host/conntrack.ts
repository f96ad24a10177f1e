/** Connections that the host knew when the snapshot was taken. */
import type { Address, Family } from '../ruleset/values.ts';

/** One direction of a connection as the listing shows it. */
export interface ConnectionTuple {
  readonly src: Address;
  readonly dst: Address;
  /** Ports; ICMP: the id in `sport`, type << 8 | code in `dport`; GRE: its keys; else 0. */
  readonly sport: number;
  readonly dport: number;
  /** From conntrack accounting; 0 where it is off. */
  readonly packets: bigint;
  readonly bytes: bigint;
}

export interface KnownConnection {
  /** 1-based line of conntrack.txt. */
  readonly line: number;
  readonly family: Family;
  readonly proto: number;
  /** Seconds left; null where the listing has none (offloaded connections). */
  readonly timeoutSec: number | null;
  /** TCP, SCTP or DCCP state as the kernel names it (ESTABLISHED, TIME_WAIT …), else null. */
  readonly state: string | null;
  readonly original: ConnectionTuple;
  readonly reply: ConnectionTuple;
  readonly seenReply: boolean;
  readonly assured: boolean;
  readonly mark: number;
  readonly zone: number;
  readonly helper: string | null;
}
