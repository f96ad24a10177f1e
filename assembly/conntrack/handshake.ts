/**
 * What follows the first segment of a TCP connection, as nearly always: a SYN+ACK that answers
 * exactly what the SYN said, and the ACK that answers it. Says what tcp.ts would say, as started.ts
 * does of the first segment and established.ts of those to come; anything else is left to tcp.ts,
 * untouched.
 */
import { Conn, IPS_FIXED_TIMEOUT, windowOf } from './conn';
import { KIND_STATE, TCP_HEADER } from './established';
import { timeoutAfter } from './tcp';
import { setLast } from './tcp-last';
import { headerLength, highestSack } from './tcp-options';
import { SIDE_SACK_PERM, sideOf } from './tcp-side';
import {
  TCP_ESTABLISHED,
  TCP_SYNACK_SET,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
  tcpFlagsValid,
  tcpIndex,
} from './tcp-table';
import { tcpInWindow } from './tcp-window';

const STATE: u64 = 0xff << KIND_STATE;
const RECEIVED: u64 = <u64>TCP_SYN_RECV << KIND_STATE;
const ESTABLISHED: u64 = <u64>TCP_ESTABLISHED << KIND_STATE;

/**
 * `kind` (see KIND) of a connection, for followTcp() of a segment of direction `dir`: where it is
 * the one that the handshake waits for, it establishes the connection and is judged like any of an
 * established one.
 */
@inline
export function establishedBy(kind: u64, dir: u32): u64 {
  const isAwaited = dir == 0 && (kind & STATE) == RECEIVED;
  return select<u64>((kind & ~STATE) | ESTABLISHED, kind, isAwaited);
}

/**
 * Tracks a segment of the reply direction with a right checksum, of `len` bytes from `l4`, all
 * captured and at least TCP_HEADER, if it answers the SYN that began the connection. False: nothing
 * was done, tcp.ts must.
 */
export function answerSyn(conn: Conn, l4: usize, len: u32, now: u64): bool {
  if (conn.state != <u8>TCP_SYN_SENT) return false;
  const flags: u32 = load<u8>(l4, 13);
  if (tcpIndex(flags) != TCP_SYNACK_SET || !tcpFlagsValid(flags)) return false;
  const header = headerLength(l4);
  if (header < TCP_HEADER || header > len) return false;
  // nothing was heard of this direction yet, and it acknowledges all of the other one
  if (windowOf(conn, 1).maxWin != 0) return false;
  const ack = bswap<u32>(load<u32>(l4, 8));
  if (ack != windowOf(conn, 0).end) return false;
  if (sideOf(conn, 0) & SIDE_SACK_PERM && highestSack(l4, len, ack) != ack) return false;

  const end = bswap<u32>(load<u32>(l4, 4)) + len - header + 1;
  tcpInWindow(conn, 1, TCP_SYNACK_SET, l4, len, flags, end); // accepts it
  setLast(conn, TCP_SYNACK_SET, 1);
  conn.state = <u8>TCP_SYN_RECV;
  const timeout = timeoutAfter(conn, TCP_SYNACK_SET, TCP_SYN_RECV);
  if (!(conn.status & IPS_FIXED_TIMEOUT)) conn.expires = now + timeout;
  return true;
}
