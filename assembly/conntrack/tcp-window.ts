/**
 * TCP window tracking (tcp_in_window() of nf_conntrack_proto_tcp.c, Linux 6.18), after Guido van
 * Rooij, "Real Stateful TCP Packet Filtering in IP Filter". A segment is good when
 *
 *     I.   seq       <= sender.maxEnd                        not beyond what the receiver allowed
 *     II.  seq + len >= sender.end - receiver.maxWin         not all acknowledged long ago
 *     III. sack      <= receiver.end                         acknowledges nothing unseen
 *     IV.  sack      >= receiver.end - MAX_ACK_WINDOW        nor anything very old
 */
import { SYSCTL_CT_TCP_BE_LIBERAL } from '../abi';
import { sysctl } from '../host';
import { Conn, Window, windowOf } from './conn';
import { lastOf, setLast, setLastNumbers, withoutIndex } from './tcp-last';
import { highestSack, readSynOptions } from './tcp-options';
import {
  addToSide,
  SCALE,
  setSide,
  SIDE_BE_LIBERAL,
  SIDE_DATA_UNACKNOWLEDGED,
  SIDE_MAXACK_SET,
  SIDE_SACK_PERM,
  SIDE_WINDOW_SCALE,
  sideOf,
  takeFromSide,
} from './tcp-side';
import {
  FLAG_ACK,
  FLAG_RST,
  FLAG_SYN,
  TCP_ACK_SET,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
} from './tcp-table';

// enum nf_ct_tcp_action
export const WINDOW_IGNORE: u32 = 0; // let it pass, but learn nothing from it
export const WINDOW_INVALID: u32 = 1;
export const WINDOW_ACCEPT: u32 = 2;

export const MAX_ACK_WINDOW: u32 = 66000;

/** Serial number arithmetic, RFC 1982. */
@inline
export function before(a: u32, b: u32): bool {
  return <i32>(a - b) < 0;
}

@inline
export function after(a: u32, b: u32): bool {
  return <i32>(b - a) < 0;
}

/** nf_tcp_log_invalid(): a liberal sender's segments pass anyway. */
function unless(conn: Conn, dir: u32, action: u32): u32 {
  const isLiberal = (sideOf(conn, dir) & SIDE_BE_LIBERAL) != 0;
  return isLiberal || sysctl(SYSCTL_CT_TCP_BE_LIBERAL) ? WINDOW_ACCEPT : action;
}

/** Starts a direction with its SYN or SYN+ACK (tcp_init_sender). */
function initSender(conn: Conn, dir: u32, l4: usize, have: u32, end: u32, win: u32): void {
  const window = windowOf(conn, dir);
  window.end = end;
  window.maxEnd = end;
  window.maxWin = win == 0 ? 1 : win;
  const side = readSynOptions(l4, have, sideOf(conn, dir));
  setSide(conn, dir, side);
  // RFC 7323 §2.2: scaling only when both sides offer it.
  if (dir == 1 && !(side & sideOf(conn, 0) & SIDE_WINDOW_SCALE)) {
    takeFromSide(conn, 0, SCALE);
    takeFromSide(conn, 1, SCALE);
  }
}

/** How far behind the newest an acknowledgement may be. */
@inline
function maxAckWindow(sender: Window): u32 {
  return sender.maxWin > MAX_ACK_WINDOW ? sender.maxWin : MAX_ACK_WINDOW;
}

/**
 * Judges a segment of direction `dir` and learns from it: WINDOW_*. `end` is seq + length, SYN and
 * FIN counted; `index` its TCP_*_SET; `have` the captured bytes of its header.
 */
export function tcpInWindow(
  conn: Conn,
  dir: u32,
  index: u32,
  l4: usize,
  have: u32,
  flags: u32,
  segmentEnd: u32,
): u32 {
  const sender = windowOf(conn, dir);
  const receiver = windowOf(conn, dir ^ 1);
  let seq = bswap<u32>(load<u32>(l4, 4));
  let ack = bswap<u32>(load<u32>(l4, 8));
  const rawWin = <u32>bswap<u16>(load<u16>(l4, 14));
  let win = rawWin;
  let end = segmentEnd;
  let sack = ack;
  if (sideOf(conn, dir ^ 1) & SIDE_SACK_PERM) sack = highestSack(l4, have, ack);

  if (sender.maxWin == 0) {
    if (flags & FLAG_SYN) {
      initSender(conn, dir, l4, have, end, win);
      if (!(flags & FLAG_ACK)) return WINDOW_ACCEPT; // simultaneous open
    } else {
      // In the middle of a connection: take the segment's word.
      sender.end = end;
      const scaled = win << (sideOf(conn, dir) & SCALE);
      sender.maxWin = scaled == 0 ? 1 : scaled;
      sender.maxEnd = end + sender.maxWin;
      if (receiver.maxWin == 0) {
        receiver.end = sack; // not seen yet: let III and IV pass until it is
        receiver.maxEnd = sack;
      } else if (sack == receiver.end + 1) {
        receiver.end++; // likely the answer to a keepalive
      }
    }
  } else if (
    flags & FLAG_SYN &&
    after(end, sender.end) &&
    (conn.state == <u8>TCP_SYN_SENT || conn.state == <u8>TCP_SYN_RECV)
  ) {
    // RFC 9293 §3.4.2: a restarted sender uses higher sequence numbers; so begin anew.
    initSender(conn, dir, l4, have, end, win);
    if (dir == 1 && !(flags & FLAG_ACK)) return WINDOW_ACCEPT;
  }

  if (!(flags & FLAG_ACK) || (flags & FLAG_RST && ack == 0)) {
    ack = receiver.end; // no ACK, or a broken stack's RST+ACK with zero: as if it were right
    sack = ack;
  }
  if (flags & FLAG_RST && seq == 0 && conn.state == <u8>TCP_SYN_SENT) {
    seq = sender.end; // RST that answers a SYN
    end = seq;
  }

  const ackFloor = receiver.end - maxAckWindow(sender) - 1;
  if (!before(seq, sender.maxEnd + 1)) {
    const overshot = end - sender.maxEnd + 1;
    const inReceiveWindow = receiver.maxWin && after(end, sender.end - receiver.maxWin - 1);
    if (
      inReceiveWindow &&
      after(sack, ackFloor) &&
      overshot <= receiver.maxWin &&
      before(sack, receiver.end + 1)
    ) {
      // More than the window allowed; when the peer acknowledges it we must know its end.
      sender.end = end;
      addToSide(conn, dir, SIDE_DATA_UNACKNOWLEDGED);
      return unless(conn, dir, WINDOW_IGNORE);
    }
    return unless(conn, dir, WINDOW_INVALID);
  }
  if (!before(sack, receiver.end + 1)) return unless(conn, dir, WINDOW_INVALID);
  if (receiver.maxWin && !after(end, sender.end - receiver.maxWin - 1)) {
    return unless(conn, dir, WINDOW_IGNORE); // acknowledged data, sent again
  }
  if (!after(sack, ackFloor)) return unless(conn, dir, WINDOW_IGNORE); // overly delayed

  if (!(flags & FLAG_SYN)) win <<= sideOf(conn, dir) & SCALE; // RFC 7323 §2.2: a SYN's is never scaled
  learn(conn, dir, flags, end, ack, sack, win);
  if (index == TCP_ACK_SET) noteAck(conn, dir, seq, ack, end, rawWin);
  return WINDOW_ACCEPT;
}

/** What a good segment says of both directions; `win` is scaled. */
@inline
function learn(
  conn: Conn,
  dir: u32,
  flags: u32,
  end: u32,
  ack: u32,
  sack: u32,
  win: u32,
): void {
  const sender = windowOf(conn, dir);
  const receiver = windowOf(conn, dir ^ 1);
  const reach = win + (sack - ack);
  if (sender.maxWin < reach) sender.maxWin = reach;
  if (after(end, sender.end)) {
    sender.end = end;
    addToSide(conn, dir, SIDE_DATA_UNACKNOWLEDGED);
  }
  if (flags & FLAG_ACK) {
    if (!(sideOf(conn, dir) & SIDE_MAXACK_SET)) {
      sender.maxAck = ack;
      addToSide(conn, dir, SIDE_MAXACK_SET);
    } else if (after(ack, sender.maxAck)) {
      sender.maxAck = ack;
    }
  }

  if (receiver.maxWin != 0 && after(end, sender.maxEnd)) receiver.maxWin += end - sender.maxEnd;
  if (after(sack + win, receiver.maxEnd - 1)) {
    receiver.maxEnd = sack + win;
    if (win == 0) receiver.maxEnd++;
  }
  if (ack == receiver.end) takeFromSide(conn, dir ^ 1, SIDE_DATA_UNACKNOWLEDGED);
}

/** Counts an ACK that says what the last one said: many mean that something is lost. */
@inline
function noteAck(conn: Conn, dir: u32, seq: u32, ack: u32, end: u32, win: u32): void {
  const length = end - seq;
  if (
    withoutIndex(conn.last) == lastOf(0, dir, length) &&
    conn.lastLen == <u16>length &&
    conn.lastEnd == end &&
    conn.lastAck == ack &&
    conn.lastWin == <u16>win
  ) {
    if (conn.retrans < 255) conn.retrans++;
  } else {
    setLast(conn, TCP_ACK_SET, dir);
    setLastNumbers(conn, seq, end);
    conn.lastAck = ack;
    conn.lastWin = <u16>win;
    conn.retrans = 0;
  }
}
