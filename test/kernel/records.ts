/** What the kernel did with a frame: a line of expected/packets.ndjson. */

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
