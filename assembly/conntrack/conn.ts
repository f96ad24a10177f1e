/**
 * A connection, as struct nf_conn. 128 bytes, two cache lines: what every packet needs comes first.
 *
 *     0 ┌ original tuple ┬ reply tuple ┬ proto family zone ┬ status ┬ mark ┬ expires ┬ cache ┐
 *    64 ├ TCP: per direction end, maxEnd, maxWin, maxAck, scale, flags ┬ last segment ┬ links ┤
 *   128 └──────────────────────────────────────────────────────────────┴──────────────┴───────┘
 *
 * A tuple is a connection's addresses as seen in packets of one direction. NAT never touches the
 * original tuple; it changes the reply one to what answers will look like.
 */
@unmanaged
export class Conn {
  // For ICMP sport is the id and dport type << 8 | code; for GRE version 1 dport is the call id;
  // for protocols without ports both are 0.
  origSrc: u32;
  origDst: u32;
  origSport: u16;
  origDport: u16;
  replSrc: u32;
  replDst: u32;
  replSport: u16;
  replDport: u16;
  proto: u8;
  family: u8;
  pad2: u16;
  status: u32; // IPS_*
  pad3: u32;
  state: u8; // TCP or SCTP state, numbered as the kernel does
  flags: u8; // CONN_*
  lastIndex: u8; // TCP: TCP_*_SET of the last segment
  pad4: u8;
  expires: u64; // capture time, nanoseconds; dead from this moment on
  // Cached traversal per direction: valid while its key equals the packet's. 0: none.
  cacheKey0: u32;
  cacheKey1: u32;
  cacheTraversal0: u32; // addresses of Traversals
  cacheTraversal1: u32;
  // --- 64: struct ip_ct_tcp; original then reply. Other protocols: see Window below.
  tdEnd0: u32;
  tdMaxEnd0: u32;
  tdMaxWin0: u32;
  tdMaxAck0: u32;
  tdEnd1: u32;
  tdMaxEnd1: u32;
  tdMaxWin1: u32;
  tdMaxAck1: u32;
  tdScale0: u8;
  tdFlags0: u8;
  tdScale1: u8;
  tdFlags1: u8;
  lastSeq: u32;
  lastAck: u32;
  lastEnd: u32;
  lastWin: u16;
  lastDir: u8;
  retrans: u8;
  lastScale: u8;
  lastFlags: u8;
  pad0: u16;
  pad1: u64;
}

/** One direction's window (struct ip_ct_tcp_state), inside Conn. */
@unmanaged
export class Window {
  end: u32; // highest seq + len sent
  maxEnd: u32; // highest seq + len allowed by the receiver
  maxWin: u32; // 0: nothing seen of this direction yet
  maxAck: u32;
}

/** The rest of a direction's state, apart from Window for alignment. */
@unmanaged
export class WindowFlags {
  scale: u8;
  flags: u8; // TCP_FLAG_* of tcp-table.ts
}

@inline
export function windowOf(conn: Conn, dir: u32): Window {
  return changetype<Window>(changetype<usize>(conn) + offsetof<Conn>('tdEnd0') + (<usize>dir << 4));
}

@inline
export function windowFlagsOf(conn: Conn, dir: u32): WindowFlags {
  return changetype<WindowFlags>(
    changetype<usize>(conn) + offsetof<Conn>('tdScale0') + (<usize>dir << 1),
  );
}

/** UDP: the moment (capture time) from which an answered connection counts as a stream. */
@inline
export function streamFrom(conn: Conn): u64 {
  return load<u64>(changetype<usize>(conn) + offsetof<Conn>('tdEnd0'));
}

@inline
export function setStreamFrom(conn: Conn, at: u64): void {
  store<u64>(changetype<usize>(conn) + offsetof<Conn>('tdEnd0'), at);
}

// enum ip_conntrack_status
export const IPS_EXPECTED: u32 = 1;
export const IPS_SEEN_REPLY: u32 = 1 << 1;
export const IPS_ASSURED: u32 = 1 << 2;
export const IPS_CONFIRMED: u32 = 1 << 3;
export const IPS_SRC_NAT: u32 = 1 << 4;
export const IPS_DST_NAT: u32 = 1 << 5;
export const IPS_SEQ_ADJUST: u32 = 1 << 6;
export const IPS_SRC_NAT_DONE: u32 = 1 << 7;
export const IPS_DST_NAT_DONE: u32 = 1 << 8;
export const IPS_DYING: u32 = 1 << 9;
export const IPS_FIXED_TIMEOUT: u32 = 1 << 10;
export const IPS_HELPER: u32 = 1 << 13;
export const IPS_NAT_MASK: u32 = IPS_SRC_NAT | IPS_DST_NAT;
export const IPS_NAT_DONE_MASK: u32 = IPS_SRC_NAT_DONE | IPS_DST_NAT_DONE;

// Conn.flags
export const CONN_PICKED_UP: u8 = 1; // began before the capture (TCP, first seen mid-stream)
export const CONN_NAT_CHOSEN: u8 = 2; // its mapping holds a choice that the kernel makes at random
export const CONN_ZONE_ORIGINAL: u8 = 4; // the zone holds for the original direction …
export const CONN_ZONE_REPLY: u8 = 8; // … and for the reply direction
export const CONN_PRELOADED: u8 = 16; // known at the start of the capture
export const CONN_MAPPED: u8 = 32; // has a Mapping (mapping.ts)
export const CONN_NAT_ADOPTED: u8 = 64; // the capture showed what the kernel chose
export const CONN_REPLY_FREE: u8 = 128; // not yet linked, and no other has its reply tuple

/** Whether its mapping is a guess that the capture may still correct: no answer has proved it. */
@inline
export function isGuessed(conn: Conn): bool {
  if ((conn.flags & (CONN_NAT_CHOSEN | CONN_NAT_ADOPTED)) != CONN_NAT_CHOSEN) return false;
  return (conn.status & IPS_SEEN_REPLY) == 0;
}
