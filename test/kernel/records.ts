/** What the two sides say of a frame: the kernel (expected/packets.ndjson) and dockfw (--packets). */

/** A copy of the packet that left, by the host-side port it left through. */
export interface Egress {
  readonly iface: string;
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly icmp_id?: number;
  readonly proto: string;
  readonly ttl: number;
  /** Fragment offset in bytes; only offset 0 has ports. */
  readonly frag?: number;
}

export type Tuple = Omit<Egress, 'iface' | 'ttl' | 'frag'>;

export interface KernelFrame {
  readonly frame: number;
  readonly in: string;
  readonly egress: readonly Egress[];
  readonly local?: boolean;
  readonly local_tuple?: Tuple;
  /** What the host answered, such as `icmp 3/3` and `tcp-rst`. */
  readonly response?: readonly string[];
  /** The frame that completed this fragment's datagram; null: none did. */
  readonly frag_held?: number | null;
}

export interface PacketTuple {
  readonly src: string | null;
  readonly sport: number | null;
  readonly dst: string | null;
  readonly dport: number | null;
}

/** A record of `--packets`: the fields that the comparison reads. */
export interface DockfwFrame extends PacketTuple {
  readonly frame: number;
  readonly role: string;
  readonly in: string | null;
  readonly path: string | null;
  readonly verdict: string | null;
  readonly reason: string | null;
  readonly rule: { readonly table: string; readonly chain: string; readonly number: number } | null;
  readonly out: string | null;
  readonly ctstate: string | null;
  readonly proto: string | null;
  readonly nat: (PacketTuple & { readonly chosen?: boolean }) | null;
  readonly class: string | null;
  /** What it was before the host's own NAT cannot be known from the capture. */
  readonly ambiguous?: boolean;
  /** Seen leaving, and not as the rules predict. */
  readonly differs?: boolean;
}
