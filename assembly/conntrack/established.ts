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
  SYSCTL_CT_UDP_TIMEOUT,
  SYSCTL_CT_UDP_TIMEOUT_STREAM,
} from '../abi';
import { sysctl } from '../host';
import {
  Conn,
  IPS_ASSURED,
  IPS_FIXED_TIMEOUT,
  IPS_SEEN_REPLY,
  streamFrom,
  windowOf,
} from './conn';
import { lastOf, withoutIndex } from './tcp-last';
import { TIMESTAMP_ALIGNED } from './tcp-options';
import {
  SCALE,
  SIDE_DATA_UNACKNOWLEDGED,
  SIDE_MAXACK_SET,
  SIDE_SACK_PERM,
  sideShift,
} from './tcp-side';
import {
  FLAG_ACK,
  FLAG_FIN,
  FLAG_RST,
  FLAG_SYN,
  TCP_ACK_SET,
  TCP_ESTABLISHED,
} from './tcp-table';
import { MAX_ACK_WINDOW } from './tcp-window';
import { tcpTimeout, timeoutOf } from './timeout';

export const TCP_HEADER: u32 = 20;
export const UDP_HEADER: u32 = 8;
const TIMESTAMPED: u32 = TCP_HEADER + 12;

/** The 8 bytes of a Conn from `proto` on, as one word. */
export const KIND: usize = offsetof<Conn>('proto');
export const KIND_STATUS: u64 = 16; // shift
export const KIND_FLAGS: u64 = 32;
export const KIND_STATE: u64 = 40;
const KIND_LAST: u64 = 48;
const KIND_RETRANS: u64 = 56;
const KIND_KEPT: u64 = (<u64>1 << KIND_LAST) - 1; // what a segment does not change

// Two more: where the last segment ended and what it acknowledged; its window, its length and the
// connection's sides.
const NUMBERS: usize = offsetof<Conn>('lastEnd');
const SAID: usize = offsetof<Conn>('lastWin');

const ANY_UNACKNOWLEDGED: u32 =
  (SIDE_DATA_UNACKNOWLEDGED << sideShift(0)) | (SIDE_DATA_UNACKNOWLEDGED << sideShift(1));

let maxRetrans: u32 = 0;
let establishedNanos: u64 = 0;
let unacknowledgedNanos: u64 = 0; // for connections with data that is not acknowledged

if (DEBUG) {
  assert(offsetof<Conn>('status') == KIND + 2 && offsetof<Conn>('flags') == KIND + 4);
  assert(offsetof<Conn>('state') == KIND + 5 && offsetof<Conn>('last') == KIND + 6);
  assert(offsetof<Conn>('retrans') == KIND + 7 && offsetof<Conn>('lastAck') == NUMBERS + 4);
  assert(offsetof<Conn>('lastLen') == SAID + 2 && offsetof<Conn>('sides') == SAID + 4);
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
 * captured and at least TCP_HEADER, of an answered connection whose word at KIND is `kind`. False:
 * nothing was done, tcp.ts must.
 */
@inline
export function followTcp(
  conn: Conn,
  kind: u64,
  dir: u32,
  l4: usize,
  len: u32,
  now: u64,
): bool {
  if (<u8>(kind >> KIND_STATE) != <u8>TCP_ESTABLISHED) return false;
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
  const saidBefore = load<u64>(changetype<usize>(conn), SAID);
  const sides = <u32>(saidBefore >> 32);
  const side = sideShift(dir);
  const otherSide = sideShift(1) - side;
  if (header != TCP_HEADER) {
    if (header < TCP_HEADER) return false;
    if (header > len) return false;
    if ((sides >> otherSide) & SIDE_SACK_PERM) {
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
  const length = len - header;
  const end = seq + length;
  const inWindow =
    (seq - senderMaxEnd - 1) &
    (ack - receiverEnd - 1) &
    (senderEnd - receiverMaxWin - 1 - end) &
    (receiverEnd - max<u32>(senderMaxWin, MAX_ACK_WINDOW) - 1 - ack);
  if (<i32>inWindow >= 0) return false;
  const numbers = <u64>end | (<u64>ack << 32);
  const said = win | (length << 16);
  const last = lastOf(TCP_ACK_SET, dir, length);
  const isRepeated =
    <u32>(load<u64>(changetype<usize>(conn), NUMBERS) == numbers) &
    <u32>(<u32>saidBefore == said) &
    <u32>(withoutIndex(<u32>(kind >> KIND_LAST) & 0xff) == withoutIndex(last));
  const retrans = select<u32>(<u32>(kind >> KIND_RETRANS) + 1, 0, isRepeated);
  if (retrans >= maxRetrans) return false; // has a timeout of its own

  const isNewer = <i32>(senderEnd - end) < 0;
  const scaled = win << ((sides >> side) & SCALE);
  const reach = ack + scaled;
  sender.end = select<u32>(end, senderEnd, isNewer);
  sender.maxWin = max<u32>(senderMaxWin, scaled);
  sender.maxAck = select<u32>(later(ack, sender.maxAck), ack, (sides >> side) & SIDE_MAXACK_SET);
  if (<i32>(senderMaxEnd - end) < 0) receiver.maxWin = receiverMaxWin + (end - senderMaxEnd);
  receiver.maxEnd = select<u32>(reach, receiverMaxEnd, <i32>(receiverMaxEnd - 1 - reach) < 0);
  const sent = (SIDE_MAXACK_SET | select<u32>(SIDE_DATA_UNACKNOWLEDGED, 0, isNewer)) << side;
  const settled = select<u32>(SIDE_DATA_UNACKNOWLEDGED, 0, ack == receiverEnd) << otherSide;
  const newSides = (sides | sent) & ~settled;
  store<u64>(changetype<usize>(conn), numbers, NUMBERS);
  store<u64>(changetype<usize>(conn), <u64>said | (<u64>newSides << 32), SAID);
  const assured = (kind & KIND_KEPT) | (<u64>IPS_ASSURED << KIND_STATUS);
  const happened = (<u64>last << KIND_LAST) | (<u64>retrans << KIND_RETRANS);
  store<u64>(changetype<usize>(conn), assured | happened, KIND);
  if (!(<u32>(kind >> KIND_STATUS) & IPS_FIXED_TIMEOUT)) {
    const isOpen = newSides & ANY_UNACKNOWLEDGED;
    conn.expires = now + select<u64>(unacknowledgedNanos, establishedNanos, isOpen);
  }
  return true;
}

/**
 * Tracks a datagram of a confirmed connection, answered or not. False: nothing was done, udp.ts
 * must.
 */
@inline
export function followUdp(conn: Conn, kind: u64, l4: usize, len: u32, now: u64): bool {
  const length = <u32>bswap<u16>(load<u16>(l4, 4));
  if (length > len) return false;
  if (length < UDP_HEADER) return false;
  const status = <u16>(kind >> KIND_STATUS);
  const isStream = (status & IPS_SEEN_REPLY) != 0 && now > streamFrom(conn);
  conn.status = status | select<u16>(IPS_ASSURED, 0, isStream);
  if (!(status & IPS_FIXED_TIMEOUT)) {
    const lasts = select<u32>(SYSCTL_CT_UDP_TIMEOUT_STREAM, SYSCTL_CT_UDP_TIMEOUT, isStream);
    conn.expires = now + timeoutOf(lasts);
  }
  return true;
}
