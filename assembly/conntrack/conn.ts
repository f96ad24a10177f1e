/**
 * A connection, as struct nf_conn. 96 bytes, so that it is never in more than two cache lines. What
 * only few have lies elsewhere: mapping.ts, extra.ts.
 *
 *     0 ┌ original tuple ┬ reply tuple ┬ proto family status ┬ what the last packet did ┐
 *    32 ├ expires ┬ ways ┬ TCP: per direction end, maxEnd, maxWin, maxAck ──────────────┤
 *    80 └ TCP: the last segment ┬ scales and flags ────────────────────────────────────┘
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
  status: u16; // IPS_*
  flags: u8; // CONN_*
  state: u8; // TCP or SCTP state, numbered as the kernel does
  last: u8; // TCP: what the last segment was (tcp-last.ts)
  retrans: u8; // TCP: how often the last segment was repeated
  expires: u64; // capture time, nanoseconds; dead from this moment on
  // Per direction the Way that its last packet went (pipeline/way.ts), 0: none.
  way0: u32;
  way1: u32;
  // struct ip_ct_tcp; original then reply. Other protocols: see streamFrom() and sctp.ts.
  tdEnd0: u32;
  tdMaxEnd0: u32;
  tdMaxWin0: u32;
  tdMaxAck0: u32;
  tdEnd1: u32;
  tdMaxEnd1: u32;
  tdMaxWin1: u32;
  tdMaxAck1: u32;
  lastEnd: u32;
  lastAck: u32;
  lastWin: u16;
  lastLen: u16; // lower bits (tcp-last.ts)
  sides: u32; // scales and flags (tcp-side.ts)
}

/** One direction's window (struct ip_ct_tcp_state), inside Conn. */
@unmanaged
export class Window {
  end: u32; // highest seq + len sent
  maxEnd: u32; // highest seq + len allowed by the receiver
  maxWin: u32; // 0: nothing seen of this direction yet
  maxAck: u32;
}

@inline
export function windowOf(conn: Conn, dir: u32): Window {
  return changetype<Window>(changetype<usize>(conn) + offsetof<Conn>('tdEnd0') + (<usize>dir << 4));
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
export const IPS_EXPECTED: u16 = 1;
export const IPS_SEEN_REPLY: u16 = 1 << 1;
export const IPS_ASSURED: u16 = 1 << 2;
export const IPS_CONFIRMED: u16 = 1 << 3;
export const IPS_SRC_NAT: u16 = 1 << 4;
export const IPS_DST_NAT: u16 = 1 << 5;
export const IPS_SEQ_ADJUST: u16 = 1 << 6;
export const IPS_SRC_NAT_DONE: u16 = 1 << 7;
export const IPS_DST_NAT_DONE: u16 = 1 << 8;
export const IPS_DYING: u16 = 1 << 9;
export const IPS_FIXED_TIMEOUT: u16 = 1 << 10;
export const IPS_NAT_MASK: u16 = IPS_SRC_NAT | IPS_DST_NAT;
export const IPS_NAT_DONE_MASK: u16 = IPS_SRC_NAT_DONE | IPS_DST_NAT_DONE;

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
