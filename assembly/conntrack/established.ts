/**
 * Tracking of what most packets are: TCP segments with ACK, data or both in the middle of an
 * established connection, and UDP that was answered. Says what tcp.ts and udp.ts would say, with
 * what cannot apply left out; anything else about a packet is left to them, untouched. Inlined into
 * the short way of such packets (../express.ts), and must call no function on the way.
 *
 * Conditions are sums of sign bits, and what may change is chosen rather than branched to: which
 * way a segment's numbers go differs from packet to packet, and no processor guesses it right.
 */
import {
  SYSCTL_CT_TCP_MAX_RETRANS,
  SYSCTL_CT_TCP_TIMEOUT_UNACKNOWLEDGED,
  SYSCTL_CT_UDP_TIMEOUT_STREAM,
} from '../abi';
import { sysctl } from '../host';
import { Conn, IPS_ASSURED, IPS_FIXED_TIMEOUT, streamFrom, windowOf } from './conn';
import { TIMESTAMP_ALIGNED } from './tcp-options';
import {
  FLAG_ACK,
  FLAG_FIN,
  FLAG_RST,
  FLAG_SYN,
  TCP_ACK_SET,
  TCP_ESTABLISHED,
  TCP_FLAG_DATA_UNACKNOWLEDGED,
  TCP_FLAG_MAXACK_SET,
  TCP_FLAG_SACK_PERM,
} from './tcp-table';
import { MAX_ACK_WINDOW } from './tcp-window';
import { tcpTimeout, timeoutOf } from './timeout';

export const TCP_HEADER: u32 = 20;
export const UDP_HEADER: u32 = 8;
const TIMESTAMPED: u32 = TCP_HEADER + 12;

// Both directions' WindowFlags as one word: scale and flags of the original, then of the reply.
const SIDES: usize = offsetof<Conn>('tdScale0');
const SIDE_SHIFT: u32 = 16;
const SIDE_FLAGS_SHIFT: u32 = 8;
const SACK_PERM: u32 = (<u32>TCP_FLAG_SACK_PERM) << SIDE_FLAGS_SHIFT;
const MAXACK_SET: u32 = (<u32>TCP_FLAG_MAXACK_SET) << SIDE_FLAGS_SHIFT;
const UNACKNOWLEDGED: u32 = (<u32>TCP_FLAG_DATA_UNACKNOWLEDGED) << SIDE_FLAGS_SHIFT;
const ANY_UNACKNOWLEDGED: u32 = UNACKNOWLEDGED | (UNACKNOWLEDGED << SIDE_SHIFT);

// The last segment: window, direction and repetitions as one word.
const LAST: usize = offsetof<Conn>('lastWin');
const LAST_DIR_SHIFT: u32 = 16;
const LAST_RETRANS_SHIFT: u32 = 24;
const LAST_SAME: u32 = 0xffffff;

let maxRetrans: u32 = 0;
let establishedNanos: u64 = 0;
let unacknowledgedNanos: u64 = 0; // for connections with data that is not acknowledged

if (DEBUG) {
  assert(offsetof<Conn>('tdFlags1') == SIDES + 3 && offsetof<Conn>('retrans') == LAST + 3);
  assert(offsetof<Conn>('lastDir') == LAST + 2);
  assert(offsetof<Conn>('lastAck') == offsetof<Conn>('lastSeq') + 4);
}

/** Reads the attached host's sysctls. */
export function attachEstablished(): void {
  maxRetrans = sysctl(SYSCTL_CT_TCP_MAX_RETRANS);
  establishedNanos = tcpTimeout(TCP_ESTABLISHED);
  unacknowledgedNanos = min<u64>(establishedNanos, timeoutOf(SYSCTL_CT_TCP_TIMEOUT_UNACKNOWLEDGED));
}

/** Whether a segment has ACK and none of the flags that change a connection's state. */
@inline
export function isPlainAck(flags: u32): bool {
  return (flags & (FLAG_FIN | FLAG_SYN | FLAG_RST | FLAG_ACK)) == FLAG_ACK;
}

/** `a` or `b`, whichever is later in serial number arithmetic. */
@inline
function later(a: u32, b: u32): u32 {
  return select(a, b, <i32>(b - a) < 0);
}

/**
 * Tracks a segment with isPlainAck() flags and a right checksum, of `len` bytes from `l4`, all
 * captured and at least TCP_HEADER, of an answered connection with `status`. False: nothing was
 * done, tcp.ts must.
 */
@inline
export function followTcp(
  conn: Conn,
  status: u32,
  dir: u32,
  l4: usize,
  len: u32,
  now: u64,
): bool {
  if (conn.state != <u8>TCP_ESTABLISHED) return false;
  const words = v128.load(l4, 4);
  // biome-ignore format: bytes of each word turned round
  const segment = v128.shuffle<u8>(
    words, words, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12,
  );
  const seq = <u32>i32x4.extract_lane(segment, 0);
  const ack = <u32>i32x4.extract_lane(segment, 1);
  const rest = <u32>i32x4.extract_lane(segment, 2); // header length, flags, window
  const win = rest & 0xffff;
  const header = (rest >> 26) & 0x3c;
  const sides = load<u32>(changetype<usize>(conn), SIDES);
  const side = dir << 4;
  const otherSide = side ^ SIDE_SHIFT;
  if (header != TCP_HEADER) {
    if (header < TCP_HEADER) return false;
    if (header > len) return false;
    if ((sides >> otherSide) & SACK_PERM) {
      if (header != TIMESTAMPED) return false;
      if (load<u32>(l4, TCP_HEADER) != TIMESTAMP_ALIGNED) return false;
    }
  }
  if (win == 0) return false; // has a timeout of its own
  const sender = windowOf(conn, dir);
  const receiver = windowOf(conn, dir ^ 1);
  const senderEnd = sender.end;
  const senderMaxEnd = sender.maxEnd;
  const senderMaxWin = sender.maxWin;
  const receiverEnd = receiver.end;
  const receiverMaxEnd = receiver.maxEnd;
  const receiverMaxWin = receiver.maxWin;
  if (senderMaxWin == 0) return false;
  if (receiverMaxWin == 0) return false;
  const end = seq + len - header;
  const inWindow =
    (seq - senderMaxEnd - 1) &
    (ack - receiverEnd - 1) &
    (senderEnd - receiverMaxWin - 1 - end) &
    (receiverEnd - max<u32>(senderMaxWin, MAX_ACK_WINDOW) - 1 - ack);
  if (<i32>inWindow >= 0) return false;
  const numbers = <u64>seq | (<u64>ack << 32);
  const last = load<u32>(changetype<usize>(conn), LAST);
  const said = win | (dir << LAST_DIR_SHIFT);
  const isRepeated =
    <u32>(load<u64>(changetype<usize>(conn), offsetof<Conn>('lastSeq')) == numbers) &
    <u32>(conn.lastEnd == end) &
    <u32>((last & LAST_SAME) == said);
  const retrans = select<u32>((last >> LAST_RETRANS_SHIFT) + 1, 0, isRepeated);
  if (retrans >= maxRetrans) return false; // has a timeout of its own

  const isNewer = <i32>(senderEnd - end) < 0;
  const scaled = win << ((sides >> side) & 0xff);
  const reach = ack + scaled;
  sender.end = select<u32>(end, senderEnd, isNewer);
  sender.maxWin = max<u32>(senderMaxWin, scaled);
  sender.maxAck = select<u32>(later(ack, sender.maxAck), ack, (sides >> side) & MAXACK_SET);
  if (<i32>(senderMaxEnd - end) < 0) receiver.maxWin = receiverMaxWin + (end - senderMaxEnd);
  receiver.maxEnd = select<u32>(reach, receiverMaxEnd, <i32>(receiverMaxEnd - 1 - reach) < 0);
  const sent = (MAXACK_SET | select<u32>(UNACKNOWLEDGED, 0, isNewer)) << side;
  const settled = select<u32>(UNACKNOWLEDGED, 0, ack == receiverEnd) << otherSide;
  const newSides = (sides | sent) & ~settled;
  store<u32>(changetype<usize>(conn), newSides, SIDES);
  store<u64>(changetype<usize>(conn), numbers, offsetof<Conn>('lastSeq'));
  conn.lastEnd = end;
  store<u32>(changetype<usize>(conn), said | (retrans << LAST_RETRANS_SHIFT), LAST);
  conn.lastIndex = <u8>TCP_ACK_SET;
  conn.status = status | IPS_ASSURED;
  if (!(status & IPS_FIXED_TIMEOUT)) {
    const isOpen = newSides & ANY_UNACKNOWLEDGED;
    conn.expires = now + select<u64>(unacknowledgedNanos, establishedNanos, isOpen);
  }
  return true;
}

/** Tracks a datagram of an answered connection. False: nothing was done, udp.ts must. */
@inline
export function followUdp(conn: Conn, status: u32, l4: usize, len: u32, now: u64): bool {
  const length = <u32>bswap<u16>(load<u16>(l4, 4));
  if (length > len) return false;
  if (length < UDP_HEADER) return false;
  if (now <= streamFrom(conn)) return false;
  conn.status = status | IPS_ASSURED;
  if (!(status & IPS_FIXED_TIMEOUT)) conn.expires = now + timeoutOf(SYSCTL_CT_UDP_TIMEOUT_STREAM);
  return true;
}
