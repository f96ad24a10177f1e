/**
 * Tracking of what most packets are: TCP segments with ACK, data or both in the middle of an
 * established connection, and UDP that was answered. Says what tcp.ts and udp.ts would say, with
 * what cannot apply left out; anything else about a packet is left to them, untouched. Inlined into
 * the short way of such packets (../express.ts), and must call no function on the way.
 */
import { SYSCTL_CT_UDP_TIMEOUT_STREAM } from '../abi';
import {
  Conn,
  IPS_ASSURED,
  IPS_FIXED_TIMEOUT,
  streamFrom,
  windowFlagsOf,
  windowOf,
} from './conn';
import { timeoutAfter } from './tcp';
import { headerLength, TIMESTAMP_ALIGNED } from './tcp-options';
import {
  FLAG_ACK,
  FLAG_FIN,
  FLAG_RST,
  FLAG_SYN,
  TCP_ACK_SET,
  TCP_ESTABLISHED,
  TCP_FLAG_SACK_PERM,
} from './tcp-table';
import { after, before, learn, maxAckWindow, noteAck } from './tcp-window';
import { timeoutOf } from './timeout';

export const TCP_HEADER: u32 = 20;
export const UDP_HEADER: u32 = 8;
const TIMESTAMPED: u32 = TCP_HEADER + 12;

/** Whether a segment has ACK and none of the flags that change a connection's state. */
@inline
export function isPlainAck(flags: u32): bool {
  return (flags & (FLAG_FIN | FLAG_SYN | FLAG_RST | FLAG_ACK)) == FLAG_ACK;
}

/**
 * Tracks a segment with isPlainAck() flags and a right checksum, of `len` bytes from `l4`, all
 * captured and at least TCP_HEADER, of an answered connection. False: nothing was done, tcp.ts must.
 */
@inline
export function followTcp(conn: Conn, dir: u32, l4: usize, len: u32, flags: u32, now: u64): bool {
  if (conn.state != <u8>TCP_ESTABLISHED) return false;
  const header = headerLength(l4);
  if (header < TCP_HEADER || header > len) return false;
  const sender = windowOf(conn, dir);
  const receiver = windowOf(conn, dir ^ 1);
  const senderSide = windowFlagsOf(conn, dir);
  const receiverSide = windowFlagsOf(conn, dir ^ 1);
  if (header != TCP_HEADER && receiverSide.flags & TCP_FLAG_SACK_PERM) {
    if (header != TIMESTAMPED || load<u32>(l4, TCP_HEADER) != TIMESTAMP_ALIGNED) return false;
  }
  const seq = bswap<u32>(load<u32>(l4, 4));
  const ack = bswap<u32>(load<u32>(l4, 8));
  const win = <u32>bswap<u16>(load<u16>(l4, 14));
  const end = seq + len - header;
  if (sender.maxWin == 0 || receiver.maxWin == 0) return false;
  if (
    !before(seq, sender.maxEnd + 1) ||
    !before(ack, receiver.end + 1) ||
    !after(end, sender.end - receiver.maxWin - 1) ||
    !after(ack, receiver.end - maxAckWindow(sender) - 1)
  ) {
    return false;
  }
  learn(sender, senderSide, receiver, receiverSide, flags, end, ack, ack, win << senderSide.scale);
  noteAck(conn, dir, seq, ack, end, win);
  conn.lastIndex = <u8>TCP_ACK_SET;
  conn.lastDir = <u8>dir;
  const status = conn.status | IPS_ASSURED;
  conn.status = status;
  const timeout = timeoutAfter(conn, TCP_ACK_SET, TCP_ESTABLISHED);
  if (!(status & IPS_FIXED_TIMEOUT)) conn.expires = now + timeout;
  return true;
}

/** Tracks a datagram of an answered connection. False: nothing was done, udp.ts must. */
@inline
export function followUdp(conn: Conn, l4: usize, len: u32, now: u64): bool {
  const length = <u32>bswap<u16>(load<u16>(l4, 4));
  if (length > len || length < UDP_HEADER || now <= streamFrom(conn)) return false;
  const status = conn.status | IPS_ASSURED;
  conn.status = status;
  if (!(status & IPS_FIXED_TIMEOUT)) conn.expires = now + timeoutOf(SYSCTL_CT_UDP_TIMEOUT_STREAM);
  return true;
}
