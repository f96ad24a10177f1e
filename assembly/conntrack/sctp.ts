/** SCTP associations, as nf_conntrack_sctp_packet() of nf_conntrack_proto_sctp.c (Linux 6.18). */
import { Packet } from '../packet';
import { Conn, IPS_ASSURED, IPS_CONFIRMED, windowOf } from './conn';
import { checksumOk, TRACK_ACCEPT, TRACK_INVALID } from './protocol';
import {
  CHUNK_ABORT,
  CHUNK_COOKIE_ACK,
  CHUNK_COOKIE_ECHO,
  CHUNK_DATA,
  CHUNK_HEARTBEAT,
  CHUNK_HEARTBEAT_ACK,
  CHUNK_INIT,
  CHUNK_INIT_ACK,
  CHUNK_SHUTDOWN_ACK,
  CHUNK_SHUTDOWN_COMPLETE,
  SCTP_CLOSED,
  SCTP_ESTABLISHED,
  SCTP_INVALID,
  SCTP_NONE,
  sctpTransition,
} from './sctp-table';
import { lastDirOf, setLast } from './tcp-last';
import { addToSide, LAST_SYN, setSide, sideOf, takeFromSide } from './tcp-side';
import { refresh, sctpTimeout } from './timeout';

const HEADER: u32 = 12;
const CHUNK_HEADER: u32 = 4;
const INIT_BODY: u32 = 16; // struct sctp_inithdr
const FLAG_T: u32 = 1;

// A conn's verification tags lie in Window.end, its flags where TCP has its sides.
const SENT_INIT: u32 = 1; // of a direction
const HEARTBEAT_VTAG_FAILED: u32 = 1; // of LAST_SYN; lastDirOf() says in which direction
@inline
function tagOf(conn: Conn, dir: u32): u32 {
  return windowOf(conn, dir).end;
}

@inline
function setTag(conn: Conn, dir: u32, tag: u32): void {
  windowOf(conn, dir).end = tag;
}

/** Where the chunk after the one at `at` begins. */
@inline
function nextChunk(l4: usize, at: u32): u32 {
  return at + ((<u32>bswap<u16>(load<u16>(l4 + at, 2)) + 3) & ~3);
}

let seenLow: u64 = 0; // chunk types below 64 that the packet holds

@inline
function has(type: u32): bool {
  return ((seenLow >> type) & 1) != 0;
}

/** Whether the chunks may stand together in a packet (do_basic_checks); collects their types. */
function checkChunks(l4: usize, have: u32, length: u32): bool {
  let alone = false;
  let count: u32 = 0;
  seenLow = 0;
  for (let at = HEADER; at < length && at + CHUNK_HEADER <= have; at = nextChunk(l4, at), count++) {
    const type: u32 = load<u8>(l4 + at);
    if (type == CHUNK_INIT || type == CHUNK_INIT_ACK || type == CHUNK_SHUTDOWN_COMPLETE) {
      alone = true;
    }
    const first = type == CHUNK_COOKIE_ACK || type == CHUNK_COOKIE_ECHO || alone;
    if ((first && count != 0) || load<u16>(l4 + at, 2) == 0) return false;
    if (type < 64) seenLow |= <u64>1 << type;
  }
  return count != 0;
}

/** The first packet of an association (sctp_new). False: none begins with it. */
function begin(conn: Conn, l4: usize, have: u32, length: u32): bool {
  if (has(CHUNK_ABORT) || has(CHUNK_SHUTDOWN_COMPLETE) || has(CHUNK_COOKIE_ACK)) return false;
  const tag = load<u32>(l4, 4);
  for (let at = HEADER; at < length && at + CHUNK_HEADER <= have; at = nextChunk(l4, at)) {
    const type: u32 = load<u8>(l4 + at);
    const state = sctpTransition(0, type, SCTP_NONE);
    if (state == SCTP_NONE || state == SCTP_INVALID) return false;
    if (type == CHUNK_INIT) {
      if (tag != 0 || at + CHUNK_HEADER + INIT_BODY > have) return false;
      setTag(conn, 1, load<u32>(l4 + at, CHUNK_HEADER));
    } else if (type == CHUNK_HEARTBEAT) {
      setTag(conn, 0, tag);
    } else if (type == CHUNK_SHUTDOWN_ACK) {
      setTag(conn, 1, tag); // out of the blue: a SHUTDOWN COMPLETE will answer
    }
  }
  return true;
}

// What checkHeartbeat() found.
const HEARTBEAT_GOOD: u32 = 0;
const HEARTBEAT_BAD: u32 = 1;
const HEARTBEAT_SKIP: u32 = 2; // let it pass without following its state

/** Heartbeats may come over a path that is not known yet, so their tag may be new. */
function checkHeartbeat(conn: Conn, dir: u32, type: u32, tag: u32, skipped: bool): u32 {
  if (tagOf(conn, dir) == 0) {
    setTag(conn, dir, tag);
    return HEARTBEAT_GOOD;
  }
  if (tag == tagOf(conn, dir)) {
    takeFromSide(conn, LAST_SYN, HEARTBEAT_VTAG_FAILED);
    return HEARTBEAT_GOOD;
  }
  if (has(CHUNK_DATA) || skipped) return HEARTBEAT_BAD;
  if (type == CHUNK_HEARTBEAT) {
    addToSide(conn, LAST_SYN, HEARTBEAT_VTAG_FAILED);
    setLast(conn, 0, dir);
    return HEARTBEAT_SKIP;
  }
  if (sideOf(conn, LAST_SYN) == 0 || lastDirOf(conn) == dir) return HEARTBEAT_BAD;
  takeFromSide(conn, LAST_SYN, HEARTBEAT_VTAG_FAILED);
  setTag(conn, dir, tag);
  setTag(conn, dir ^ 1, 0);
  return HEARTBEAT_GOOD;
}

/** Tracks a packet of `conn`: TRACK_*. */
export function trackSctp(p: Packet, conn: Conn, dir: u32): u32 {
  const l4: usize = p.l4;
  const have = p.l4Cap;
  const length = p.l4Len;
  if (have < HEADER || !checksumOk(p)) return TRACK_INVALID;
  if (!checkChunks(l4, have, length)) return TRACK_INVALID;
  if (!(conn.status & IPS_CONFIRMED) && !begin(conn, l4, have, length)) return TRACK_INVALID;

  const tag = load<u32>(l4, 4);
  const special =
    has(CHUNK_INIT) ||
    has(CHUNK_SHUTDOWN_COMPLETE) ||
    has(CHUNK_COOKIE_ECHO) ||
    has(CHUNK_ABORT) ||
    has(CHUNK_SHUTDOWN_ACK) ||
    has(CHUNK_HEARTBEAT) ||
    has(CHUNK_HEARTBEAT_ACK);
  if (!special && tag != tagOf(conn, dir)) return TRACK_INVALID; // RFC 9260 §8.5

  let state = SCTP_NONE;
  let skipped = false;
  for (let at = HEADER; at < length && at + CHUNK_HEADER <= have; at = nextChunk(l4, at)) {
    const type: u32 = load<u8>(l4 + at);
    // Exceptions to the rule for tags, RFC 9260 §8.5.1.
    switch (type) {
      case CHUNK_INIT:
        if (tag != 0) return TRACK_INVALID;
        break;
      case CHUNK_ABORT:
      case CHUNK_SHUTDOWN_COMPLETE: {
        const reflected = <u32>load<u8>(l4 + at, 1) & FLAG_T;
        if (tag != tagOf(conn, dir ^ reflected)) return TRACK_INVALID;
        break;
      }
      case CHUNK_COOKIE_ECHO:
        if (tag != tagOf(conn, dir)) return TRACK_INVALID;
        break;
      case CHUNK_COOKIE_ACK:
        setSide(conn, 0, 0);
        setSide(conn, 1, 0);
        break;
      case CHUNK_HEARTBEAT:
      case CHUNK_HEARTBEAT_ACK: {
        const check = checkHeartbeat(conn, dir, type, tag, skipped);
        if (check == HEARTBEAT_BAD) return TRACK_INVALID;
        if (check == HEARTBEAT_SKIP) {
          skipped = true;
          continue;
        }
        break;
      }
    }

    const old: u32 = conn.state;
    state = sctpTransition(dir, type, old);
    if (state == SCTP_INVALID) return TRACK_INVALID;
    const other = dir ^ 1;
    if (type == CHUNK_INIT || type == CHUNK_INIT_ACK) {
      if (at + CHUNK_HEADER + INIT_BODY > have) return TRACK_INVALID;
      const initTag = load<u32>(l4 + at, CHUNK_HEADER);
      if (type == CHUNK_INIT) {
        // An INIT with the tag that we know is a late or repeated one.
        if (old == SCTP_NONE || tagOf(conn, other) != initTag) {
          if (sideOf(conn, dir)) setSide(conn, other, 0);
          setSide(conn, dir, SENT_INIT);
        }
        // A client or NAT that reuses its port must not keep the entry alive with INITs.
        const repeated = state == SCTP_CLOSED && old == SCTP_CLOSED;
        if (repeated && conn.status & IPS_CONFIRMED) skipped = true;
      } else {
        const expected = tagOf(conn, other);
        if (expected != initTag) {
          if (!sideOf(conn, other) && expected) return TRACK_INVALID;
          if (sideOf(conn, dir) && sideOf(conn, other)) return TRACK_INVALID; // collision
        }
      }
      setTag(conn, other, initTag);
    }
    conn.state = <u8>state;
    if (old != state && state == SCTP_ESTABLISHED) conn.status |= IPS_ASSURED;
  }
  if (!skipped) refresh(conn, p.tsNanos, sctpTimeout(state));
  return TRACK_ACCEPT;
}
