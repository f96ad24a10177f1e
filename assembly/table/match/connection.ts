/** Matches on the packet's connection: conntrack and connmark. */
import {
  CONNTRACK_ADDRESSES,
  CONNTRACK_DIRECTION,
  CONNTRACK_EXPIRES,
  CONNTRACK_EXPIRY,
  CONNTRACK_ORIG_SPORT,
  CONNTRACK_ORIG_SRC,
  CONNTRACK_PORTS,
  CONNTRACK_PROTO,
  CONNTRACK_STATE,
  CONNTRACK_STATUS,
} from '../../abi-rules';
import { Conn } from '../../conntrack/conn';
import { markOf } from '../../conntrack/extra';
import { Packet } from '../../packet';
import { conntrackValue } from '../dimension';
import { matchPayload } from '../record';
import { isInverted, underMask } from './header';

const ADDRESS_BYTES: usize = 32; // value and mask
const PORT_BYTES: usize = 4;
const NANOS_PER_SECOND: u64 = 1_000_000_000;

/** MATCH_CONNMARK: without a connection it fails, inverted or not. */
export function connmarkMatches(p: Packet, match: usize): bool {
  if (p.conn == 0) return false;
  const at = matchPayload(match);
  const mark = markOf(changetype<Conn>(<usize>p.conn));
  return ((mark & load<u32>(at)) == load<u32>(at, 4)) != isInverted(match);
}

/**
 * MATCH_CONNTRACK, as conntrack_mt() of xt_conntrack.c: without a connection the state alone is
 * asked, and a match that does not ask for a state fails.
 */
export function conntrackMatches(p: Packet, match: usize): bool {
  const at = matchPayload(match);
  const which = load<u32>(at);
  const inverted = load<u32>(at, 4);
  if (which & CONNTRACK_STATE) {
    const holds = (load<u64>(at, 8) >> conntrackValue(p)) & 1;
    if (!holds) return false; // lowered with its inversion
  }
  if (p.conn == 0) return (which & CONNTRACK_STATE) != 0;
  const conn = changetype<Conn>(<usize>p.conn);
  if (which & CONNTRACK_DIRECTION) {
    if ((<u32>p.ctDir == load<u32>(at, 24)) == ((inverted & CONNTRACK_DIRECTION) != 0)) return false;
  }
  if (which & CONNTRACK_PROTO) {
    if ((<u32>conn.proto == load<u32>(at, 20)) == ((inverted & CONNTRACK_PROTO) != 0)) return false;
  }
  if (!tuplesMatch(conn, at, which, inverted)) return false;
  if (which & CONNTRACK_STATUS) {
    p.sideEffects = 1; // changes while packets look alike
    const holds = (conn.status & load<u32>(at, 16)) != 0;
    if (holds == ((inverted & CONNTRACK_STATUS) != 0)) return false;
  }
  if (which & CONNTRACK_EXPIRES) {
    p.sideEffects = 1;
    const left = conn.expires > p.tsNanos ? (conn.expires - p.tsNanos) / NANOS_PER_SECOND : 0;
    const expiry = at + CONNTRACK_EXPIRY;
    const holds = left >= load<u32>(expiry) && left <= load<u32>(expiry, 4);
    if (holds == ((inverted & CONNTRACK_EXPIRES) != 0)) return false;
  }
  return true;
}

/** Addresses and ports of both tuples, in the order original source, destination, reply ones. */
function tuplesMatch(conn: Conn, at: usize, which: u32, inverted: u32): bool {
  for (let i: u32 = 0; i < 4; i++) {
    const address: u32 = CONNTRACK_ORIG_SRC << i;
    if (which & address) {
      const range = at + CONNTRACK_ADDRESSES + <usize>i * ADDRESS_BYTES;
      const holds = underMask(conn.family, addressOf(conn, i), range);
      if (holds == ((inverted & address) != 0)) return false;
    }
    const port: u32 = CONNTRACK_ORIG_SPORT << i;
    if (which & port) {
      const range = at + CONNTRACK_PORTS + <usize>i * PORT_BYTES;
      const value = portOf(conn, i);
      const holds = value >= <u32>load<u16>(range) && value <= <u32>load<u16>(range, 2);
      if (holds == ((inverted & port) != 0)) return false;
    }
  }
  return true;
}

function addressOf(conn: Conn, index: u32): u32 {
  if (index == 0) return conn.origSrc;
  if (index == 1) return conn.origDst;
  return index == 2 ? conn.replSrc : conn.replDst;
}

function portOf(conn: Conn, index: u32): u32 {
  if (index == 0) return conn.origSport;
  if (index == 1) return conn.origDport;
  return index == 2 ? conn.replSport : conn.replDport;
}
