/**
 * Connections that begin as nearly all do, outside of zones: with a SYN or a datagram. Says what
 * track.ts, tcp.ts and udp.ts would say of such a packet, with what cannot apply left out; anything
 * else is left to them.
 */
import { FAMILY_V4, SYSCTL_CT_TCP_LOOSE, SYSCTL_CT_UDP_TIMEOUT } from '../abi';
import { sysctl } from '../host';
import { FrameRecord } from '../packet';
import { Conn, setStreamFrom } from './conn';
import { TCP_HEADER, UDP_HEADER } from './established';
import { allocConn, findHashed, freeConn, linkHashed } from './table';
import { timeoutAfter } from './tcp';
import { setLast } from './tcp-last';
import { headerLength, readSynOptions } from './tcp-options';
import { setSide } from './tcp-side';
import { FLAG_ACK, FLAG_FIN, FLAG_RST, FLAG_SYN, TCP_SYN_SENT, TCP_SYN_SET } from './tcp-table';
import { timeoutOf } from './timeout';
import { endLastPacket } from './track';
import { IPPROTO_TCP } from './tuple';
import { STREAM_AFTER } from './udp';

/**
 * Whether the transport header at `l4`, with `len` bytes to the packet's end, all captured, may
 * begin a connection so. The checksum is the caller's to judge.
 */
@inline
export function isStart(proto: u32, l4: usize, len: u32): bool {
  if (proto == IPPROTO_TCP) {
    return turnsOf(l4, len) == FLAG_SYN && load<u16>(l4, 14) != 0; // a window of 0 counts as 1
  }
  if (len < UDP_HEADER) return false;
  const length = <u32>bswap<u16>(load<u16>(l4, 4));
  return length >= UDP_HEADER && length <= len;
}

/** As isStart(), of a segment from the middle of a connection; start() is not for it. */
@inline
export function isPickUp(proto: u32, l4: usize, len: u32): bool {
  if (proto != IPPROTO_TCP || sysctl(SYSCTL_CT_TCP_LOOSE) == 0) return false;
  return turnsOf(l4, len) == FLAG_ACK;
}

/** The flags of a segment that its connection's state depends on; 0: its header is not right. */
@inline
function turnsOf(l4: usize, len: u32): u32 {
  if (len < TCP_HEADER) return 0;
  const header = headerLength(l4);
  if (header < TCP_HEADER || header > len) return 0;
  return load<u8>(l4, 13) & (FLAG_FIN | FLAG_SYN | FLAG_RST | FLAG_ACK);
}

/** Whether the packet's tuple, of which `hash` is hashAhead(), is nobody's. */
@inline
export function isUnknown(r: FrameRecord, hash: u32): bool {
  endLastPacket();
  const ports = <u32>r.sport | (<u32>r.dport << 16);
  return findHashed(hash, r.proto, r.src, r.dst, ports, r.tsNanos) == 0;
}

/**
 * Begins the connection of a packet that isStart() and isUnknown(), whose answers come from
 * `from`:`port`; NAT gave it `status`. `hash` is of its tuple, `replyHash` of its answers'. 0:
 * their tuple is another's, or memory has run out.
 */
export function start(
  r: FrameRecord,
  hash: u32,
  from: u32,
  port: u32,
  replyHash: u32,
  status: u32,
): usize {
  const now = r.tsNanos;
  const proto = <u32>r.proto;
  if (findHashed(replyHash, proto, from, r.src, port | (<u32>r.sport << 16), now) != 0) return 0;
  const at = allocConn(now);
  if (at == 0) return 0;
  const conn = changetype<Conn>(at);
  conn.origSrc = r.src;
  conn.origDst = r.dst;
  conn.origSport = r.sport;
  conn.origDport = r.dport;
  conn.replSrc = from;
  conn.replDst = r.src;
  conn.replSport = <u16>port;
  conn.replDport = r.sport;
  conn.proto = r.proto;
  conn.family = <u8>FAMILY_V4;
  conn.status = <u16>status;
  const l4 = <usize>r.l3 + r.l4Off;
  if (proto == IPPROTO_TCP) {
    startTcp(conn, l4, r.ipLen - r.l4Off, now);
  } else {
    setStreamFrom(conn, now + STREAM_AFTER);
    conn.expires = now + timeoutOf(SYSCTL_CT_UDP_TIMEOUT);
  }
  if (linkHashed(conn, hash, replyHash)) return at;
  freeConn(conn);
  return 0;
}

@inline
function startTcp(conn: Conn, l4: usize, len: u32, now: u64): void {
  const seq = bswap<u32>(load<u32>(l4, 4));
  const win = <u32>bswap<u16>(load<u16>(l4, 14));
  const end = seq + len - headerLength(l4) + 1;
  conn.tdEnd0 = end;
  conn.tdMaxEnd0 = end;
  conn.tdMaxWin0 = win;
  conn.tdMaxEnd1 = win; // as if 0 had been acknowledged
  setSide(conn, 0, readSynOptions(l4, len, 0));
  setLast(conn, TCP_SYN_SET, 0);
  conn.state = <u8>TCP_SYN_SENT;
  conn.expires = now + timeoutAfter(conn, TCP_SYN_SET, TCP_SYN_SENT);
}
