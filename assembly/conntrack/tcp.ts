/** TCP connections, as nf_conntrack_tcp_packet() of nf_conntrack_proto_tcp.c (Linux 6.18). */
import {
  SYSCTL_CT_TCP_IGNORE_INVALID_RST,
  SYSCTL_CT_TCP_LOOSE,
  SYSCTL_CT_TCP_MAX_RETRANS,
  SYSCTL_CT_TCP_TIMEOUT_MAX_RETRANS,
  SYSCTL_CT_TCP_TIMEOUT_UNACKNOWLEDGED,
} from '../abi';
import { sysctl } from '../host';
import { Packet } from '../packet';
import {
  CONN_PICKED_UP,
  Conn,
  IPS_ASSURED,
  IPS_CONFIRMED,
  IPS_FIXED_TIMEOUT,
  IPS_SEEN_REPLY,
  windowOf,
} from './conn';
import { believe } from './extra';
import { checksumOk, isChecksumRight, TRACK_ACCEPT, TRACK_INVALID, TRACK_REPEAT } from './protocol';
import { kill } from './table';
import { isLast, lastDirOf, lastIndexOf, setLast, setLastNumbers } from './tcp-last';
import { headerLength, readSynOptions } from './tcp-options';
import {
  addToSide,
  hasSide,
  LAST_SYN,
  setSide,
  SIDE_BE_LIBERAL,
  SIDE_CLOSE_INIT,
  SIDE_DATA_UNACKNOWLEDGED,
  SIDE_MAXACK_SET,
  SIDE_SACK_PERM,
  sideOf,
  SYN_CHALLENGE_ACK,
  SYN_OPTIONS,
  SYN_SIMULTANEOUS_OPEN,
  takeFromSide,
} from './tcp-side';
import {
  FLAG_FIN,
  FLAG_RST,
  FLAG_SYN,
  TCP_ACK_SET,
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_ESTABLISHED,
  TCP_FIN_SET,
  TCP_FIN_WAIT,
  TCP_IGNORE,
  TCP_INVALID,
  TCP_LAST_ACK,
  TCP_NONE,
  TCP_NONE_SET,
  TCP_RST_SET,
  TCP_SYNACK_SET,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
  TCP_SYN_SENT2,
  TCP_SYN_SET,
  TCP_TIME_WAIT,
  tcpFlagsValid,
  tcpIndex,
  tcpTransition,
} from './tcp-table';
import { WINDOW_IGNORE, WINDOW_INVALID, before, tcpInWindow } from './tcp-window';
import { refresh, tcpTimeout, timeoutOf } from './timeout';

const HEADER: u32 = 20;
const IN_WINDOW: u32 = 16; // with a state: the window need not be checked
const TWO_MINUTES: u64 = 120_000_000_000;

/** First segment of a connection (tcp_new). False: none begins with it. */
function begin(conn: Conn, l4: usize, have: u32, index: u32, end: u32): bool {
  const state = tcpTransition(0, index, TCP_NONE);
  if (state >= TCP_INVALID) return false;
  const window = windowOf(conn, 0);
  const win = <u32>bswap<u16>(load<u16>(l4, 14));
  window.end = end;
  window.maxWin = win == 0 ? 1 : win;
  if (state == TCP_SYN_SENT) {
    window.maxEnd = end;
    setSide(conn, 0, readSynOptions(l4, have, sideOf(conn, 0)));
  } else {
    if (!sysctl(SYSCTL_CT_TCP_LOOSE)) return false;
    // Picked up: the scale is not known, so windows are judged liberally, and SACK is assumed.
    window.maxEnd = end + window.maxWin;
    addToSide(conn, 0, SIDE_SACK_PERM | SIDE_BE_LIBERAL);
    addToSide(conn, 1, SIDE_SACK_PERM | SIDE_BE_LIBERAL);
    conn.flags |= CONN_PICKED_UP;
  }
  setLast(conn, TCP_NONE_SET, 0);
  return true;
}

@inline
function isEstablished(conn: Conn): bool {
  return conn.state == <u8>TCP_ESTABLISHED && (conn.status & IPS_ASSURED) != 0;
}

/** Whether the connection is closing, so that its last_* and windows may be another's already. */
function isClosing(state: u32): bool {
  return (
    state == TCP_FIN_WAIT ||
    state == TCP_CLOSE_WAIT ||
    state == TCP_LAST_ACK ||
    state == TCP_TIME_WAIT ||
    state == TCP_CLOSE
  );
}

/** The server answers a SYN that we had ignored: take over what that SYN said. */
function resync(conn: Conn, dir: u32): void {
  const other = lastDirOf(conn);
  const window = windowOf(conn, other);
  window.end = conn.lastEnd;
  window.maxEnd = conn.lastEnd;
  window.maxWin = conn.lastWin == 0 ? 1 : <u32>conn.lastWin;
  takeFromSide(conn, LAST_SYN, SYN_CHALLENGE_ACK);
  setSide(conn, other, sideOf(conn, LAST_SYN) & SYN_OPTIONS);
  const mine = windowOf(conn, dir);
  mine.end = 0;
  mine.maxEnd = 0;
  mine.maxWin = 0;
  mine.maxAck = 0;
  setSide(conn, dir, sideOf(conn, dir) & SIDE_BE_LIBERAL);
}

/** Remembers a segment that is let through without being believed. */
function annotate(conn: Conn, dir: u32, index: u32, l4: usize, have: u32, end: u32): void {
  const state: u32 = conn.state;
  setLast(conn, index, dir);
  setLastNumbers(conn, bswap<u32>(load<u32>(l4, 4)), end);
  conn.lastWin = bswap<u16>(load<u16>(l4, 14));
  if (index == TCP_SYN_SET && dir == 0) {
    setSide(conn, LAST_SYN, readSynOptions(l4, have, 0) & SYN_OPTIONS);
    // RFC 5961: the answer may be a challenge ACK, which must not pass for the last ACK.
    if (state == TCP_LAST_ACK) addToSide(conn, LAST_SYN, SYN_CHALLENGE_ACK);
  }
  if (state == TCP_SYN_SENT && index == TCP_ACK_SET && dir == 1) {
    conn.lastAck = bswap<u32>(load<u32>(l4, 8));
  }
}

/** An out-of-window FIN or RST that answers another shortens the timeout. */
function shortenInvalid(conn: Conn, dir: u32, index: u32, now: u64): void {
  if (!(conn.status & IPS_ASSURED) || conn.status & IPS_FIXED_TIMEOUT) return;
  if (index != TCP_RST_SET && index != TCP_FIN_SET) return;
  const last = lastIndexOf(conn);
  if (lastDirOf(conn) != dir && (last == TCP_FIN_SET || last == TCP_RST_SET)) {
    const left = conn.expires - now;
    const timeout = timeoutOf(SYSCTL_CT_TCP_TIMEOUT_UNACKNOWLEDGED);
    if (left >= TWO_MINUTES && left > timeout) conn.expires = now + timeout;
  } else {
    setLast(conn, index, dir);
  }
}

// What checkReset() found: 0, or these bits.
const RESET_KEEP: u32 = 1; // the state stays
const RESET_IN_WINDOW: u32 = 2; // good without a look at the window
const RESET_INVALID: u32 = 4;

/** An RST that would close the connection must fit what the peer acknowledged. */
function checkReset(conn: Conn, dir: u32, l4: usize): u32 {
  const state: u32 = conn.state;
  if (isClosing(state)) return RESET_IN_WINDOW;
  const seq = bswap<u32>(load<u32>(l4, 4));
  const last = lastIndexOf(conn);
  const peer = windowOf(conn, dir ^ 1);
  let result: u32 = 0;
  // The peer's highest ACK may be outdated when a SYN was let through.
  if (sideOf(conn, dir ^ 1) & SIDE_MAXACK_SET && last != TCP_SYN_SET) {
    const established = isEstablished(conn);
    if (seq == 0 && !established) return 0; // answers a SYN that was let through
    if (before(seq, peer.maxAck) && !sysctl(SYSCTL_CT_TCP_IGNORE_INVALID_RST)) return RESET_INVALID;
    if (!established || seq == peer.maxAck) return 0;
    if (last == TCP_ACK_SET && lastDirOf(conn) == dir && seq == conn.lastEnd) return 0;
    result = RESET_KEEP; // not exact: the peer may send a challenge ACK
  }
  // Answers a SYN or ACK that was let through; it may acknowledge segments that were ignored.
  const suspect =
    lastDirOf(conn) != dir &&
    ((conn.status & IPS_SEEN_REPLY && last == TCP_SYN_SET) ||
      (!(conn.status & IPS_ASSURED) && last == TCP_ACK_SET));
  if (suspect && bswap<u32>(load<u32>(l4, 8)) == conn.lastEnd) return result | RESET_IN_WINDOW;
  if (state == TCP_SYN_SENT && isLast(conn, TCP_ACK_SET, 1) && seq == conn.lastAck) {
    return result | RESET_IN_WINDOW; // answers a challenge ACK that was let through
  }
  return result;
}

/** How long the connection lives on after a good segment. */
@inline
export function timeoutAfter(conn: Conn, index: u32, state: u32): u64 {
  const timeout = tcpTimeout(state);
  const retransmitted = timeoutOf(SYSCTL_CT_TCP_TIMEOUT_MAX_RETRANS);
  if (<u32>conn.retrans >= sysctl(SYSCTL_CT_TCP_MAX_RETRANS) && timeout > retransmitted) {
    return retransmitted;
  }
  if (index == TCP_RST_SET) return tcpTimeout(TCP_CLOSE);
  const unacknowledged = timeoutOf(SYSCTL_CT_TCP_TIMEOUT_UNACKNOWLEDGED);
  if (timeout > unacknowledged && hasSide(conn, SIDE_DATA_UNACKNOWLEDGED)) return unacknowledged;
  return conn.lastWin == 0 && timeout > retransmitted ? retransmitted : timeout;
}

/** Tracks a segment of `conn`: TRACK_*. */
export function trackTcp(p: Packet, conn: Conn, dir: u32): u32 {
  const l4: usize = p.l4;
  const have = p.l4Cap;
  if (have < HEADER) return TRACK_INVALID;
  const header = headerLength(l4);
  const flags: u32 = load<u8>(l4, 13);
  if (header < HEADER || p.l4Len < header) return TRACK_INVALID;
  if (!checksumOk(p) || !tcpFlagsValid(flags)) return TRACK_INVALID;

  const index = tcpIndex(flags);
  const end =
    bswap<u32>(load<u32>(l4, 4)) +
    p.l4Len -
    header +
    (flags & FLAG_SYN ? 1 : 0) +
    (flags & FLAG_FIN ? 1 : 0);
  if (!(conn.status & IPS_CONFIRMED) && !begin(conn, l4, have, index, end)) return TRACK_INVALID;

  let old: u32 = conn.state;
  let state = tcpTransition(dir, index, old);
  let inWindow = false;
  if (state == TCP_SYN_SENT && old >= TCP_TIME_WAIT) {
    // A new connection from a closed one's ports, or the client gave up and starts again.
    if (hasSide(conn, SIDE_CLOSE_INIT) || isLast(conn, TCP_RST_SET, dir)) {
      kill(conn);
      return TRACK_REPEAT;
    }
    state = TCP_IGNORE;
  }
  if (state == TCP_IGNORE) {
    // Either side may know better than we do: let it pass, and learn from the answer.
    const answersIgnored =
      index == TCP_SYNACK_SET &&
      isLast(conn, TCP_SYN_SET, dir ^ 1) &&
      bswap<u32>(load<u32>(l4, 8)) == conn.lastEnd;
    if (!answersIgnored) {
      annotate(conn, dir, index, l4, have, end);
      return TRACK_ACCEPT;
    }
    resync(conn, dir);
    old = TCP_SYN_SENT;
    state = TCP_SYN_RECV;
  } else if (state != TCP_ESTABLISHED) {
    state = special(conn, dir, index, old, state, l4);
    if (state == TCP_INVALID) return TRACK_INVALID;
    if (state == TCP_IGNORE) return TRACK_ACCEPT;
    inWindow = (state & IN_WINDOW) != 0;
    state &= ~IN_WINDOW;
  }

  if (!inWindow) {
    const action = tcpInWindow(conn, dir, index, l4, have, flags, end);
    if (action == WINDOW_IGNORE) return TRACK_ACCEPT;
    if (action == WINDOW_INVALID) {
      shortenInvalid(conn, dir, index, p.tsNanos);
      return TRACK_INVALID;
    }
  }
  setLast(conn, index, dir);
  conn.state = <u8>state;
  if (old != state && state == TCP_FIN_WAIT) {
    addToSide(conn, dir, SIDE_CLOSE_INIT);
  }

  let timeout = timeoutAfter(conn, index, state);
  if (!(conn.status & IPS_SEEN_REPLY)) {
    if (index == TCP_RST_SET) {
      kill(conn); // answered by an RST only: nothing to remember
      believe();
      return TRACK_ACCEPT;
    }
    // A client or NAT that reuses its port must not keep the entry alive with SYNs.
    if (index == TCP_SYN_SET && old == TCP_SYN_SENT) return TRACK_ACCEPT;
    const unacknowledged = timeoutOf(SYSCTL_CT_TCP_TIMEOUT_UNACKNOWLEDGED);
    if (state == TCP_ESTABLISHED && timeout > unacknowledged) timeout = unacknowledged;
  } else if (
    !(conn.status & IPS_ASSURED) &&
    (old == TCP_SYN_RECV || old == TCP_ESTABLISHED) &&
    state == TCP_ESTABLISHED
  ) {
    conn.status |= IPS_ASSURED;
  }
  refresh(conn, p.tsNanos, timeout);
  return TRACK_ACCEPT;
}

/**
 * What the transition table cannot say about a move from state `old` to `state`: the new state,
 * perhaps with IN_WINDOW; TCP_INVALID; or TCP_IGNORE where the segment passes without effect.
 */
function special(conn: Conn, dir: u32, index: u32, old: u32, state: u32, l4: usize): u32 {
  switch (state) {
    case TCP_TIME_WAIT:
      if (
        old == TCP_LAST_ACK &&
        index == TCP_ACK_SET &&
        isLast(conn, TCP_SYN_SET, dir ^ 1) &&
        sideOf(conn, LAST_SYN) & SYN_CHALLENGE_ACK
      ) {
        takeFromSide(conn, LAST_SYN, SYN_CHALLENGE_ACK); // a challenge ACK, not the last one
        return TCP_IGNORE;
      }
      break;
    case TCP_SYN_SENT2:
      addToSide(conn, LAST_SYN, SYN_SIMULTANEOUS_OPEN);
      break;
    case TCP_SYN_RECV:
      if (dir == 1 && index == TCP_ACK_SET && sideOf(conn, LAST_SYN) & SYN_SIMULTANEOUS_OPEN) {
        state = TCP_ESTABLISHED;
      }
      break;
    case TCP_CLOSE:
      if (index == TCP_RST_SET) {
        const reset = checkReset(conn, dir, l4);
        if (reset & RESET_INVALID) return TCP_INVALID;
        if (reset & RESET_KEEP) state = old;
        if (reset & RESET_IN_WINDOW) state |= IN_WINDOW;
      }
      break;
  }
  return state;
}

/**
 * A segment that REJECT answers with a reset closes its connection (nf_conntrack_tcp_set_closing).
 * Resets and segments with a wrong checksum get no answer (nf_reject_ip_tcphdr_get).
 */
export function closeRejected(conn: Conn, p: Packet): void {
  if (!(conn.status & IPS_CONFIRMED)) return;
  if (p.tcpFlags & FLAG_RST || !isChecksumRight(p)) return;
  const old: u32 = conn.state;
  conn.state = <u8>TCP_CLOSE;
  if (old != TCP_CLOSE) refresh(conn, p.tsNanos, tcpTimeout(TCP_CLOSE));
}
