import type { CtState, Path, Reason, Role, TrafficClass, Verdict } from './names.ts';

/** One frame of the capture and what became of it: a record of `--packets`. */
export interface PacketRecord extends PacketTuple {
  /** 1-based, as tshark numbers them. */
  readonly frame: number;
  /** As captured, in UTC, with all digits the capture has. */
  readonly time: string;
  readonly role: Role;
  readonly in: string | null;
  readonly path: Path | null;
  readonly verdict: Verdict | null;
  readonly reason: Reason | null;
  /** The rule that decided; null for a policy or where no rule did. */
  readonly rule: PacketRule | null;
  readonly out: string | null;
  readonly ctstate: CtState | null;
  readonly proto: string | null;
  /** After all translation; null when nothing was rewritten. */
  readonly nat: PacketNat | null;
  readonly class: TrafficClass | null;
  /** The bridge ports, where the packet came in or leaves by one. */
  readonly physin: string | null;
  readonly physout: string | null;
  /** For `observe`: the frame in which the packet entered the host. */
  readonly of: number | null;
  /** What it was before the host's own NAT cannot be known from the capture. */
  readonly ambiguous: boolean;
  /** Seen leaving, and not as the rules predict. */
  readonly differs: boolean;
}

export interface PacketTuple {
  readonly src: string | null;
  /** ICMP: the echo id. */
  readonly sport: number | null;
  readonly dst: string | null;
  readonly dport: number | null;
}

export interface PacketRule {
  readonly table: string;
  readonly chain: string;
  readonly number: number;
}

export interface PacketNat extends PacketTuple {
  /** The kernel draws the port, or echo id, at random: any of the rule's range is right. */
  readonly chosen: boolean;
}
