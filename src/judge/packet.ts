import type { CtState, Path, Reason, TrafficClass, Verdict } from '../analysis/names.ts';
import type { PacketNat } from '../analysis/packet.ts';
import type { RuleReference } from '../analysis/result.ts';

/** A packet to be judged on its own: the first of its connection. */
export interface PacketSpec {
  /** Interface by which it comes in; null or absent: the host itself sends it. */
  readonly in?: string | null | undefined;
  /** Addresses as text, both IPv4 or both IPv6. */
  readonly src: string;
  readonly dst: string;
  /** Default: tcp. A number for any other. */
  readonly proto?: 'tcp' | 'udp' | 'icmp' | 'icmpv6' | number | undefined;
  /** Default: 40000. */
  readonly sport?: number | undefined;
  /** Default: 80 for TCP, 53 for UDP. */
  readonly dport?: number | undefined;
  /** TCP flags: letters of F, S, R, P, A, U, E, C. Default: "S". */
  readonly flags?: string | undefined;
  /** Default: an echo request. */
  readonly icmp?:
    | { readonly type: number; readonly code?: number; readonly id?: number }
    | undefined;
  /** Default: 64. */
  readonly ttl?: number | undefined;
  /** TOS byte, or traffic class. Default: 0. */
  readonly tos?: number | undefined;
  /** Bytes of payload. Default: 0. */
  readonly payload?: number | undefined;
  /**
   * Link addresses, "02:42:…"; default: sent to the host, or to who has `dst` behind the bridge.
   */
  readonly srcMac?: string | undefined;
  readonly dstMac?: string | undefined;
}

/** What the host does with the packet. */
export interface Judgement {
  readonly verdict: Verdict | null;
  readonly path: Path | null;
  readonly reason: Reason | null;
  readonly class: TrafficClass | null;
  readonly in: string | null;
  readonly out: string | null;
  readonly physin: string | null;
  readonly physout: string | null;
  readonly ctstate: CtState | null;
  /** The rule or policy that decided. */
  readonly rule: RuleReference | null;
  /** Addresses and ports after all translation; null when nothing was rewritten. */
  readonly nat: PacketNat | null;
  /** Every rule and policy whose counters moved, in the order in which the packet met them. */
  readonly rules: readonly RuleReference[];
}
