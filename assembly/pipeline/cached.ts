/**
 * The short way: an established connection remembers, per direction, the way of its last packet: its
 * traversal and the key of everything about that packet that any rule looks at. A packet with the
 * same key, led the same way, hits the same counters with the same outcome.
 */
import {
  CT_ESTABLISHED,
  DIR_ORIGINAL,
  FAMILY_V4,
  PACKET_HOST,
  PATH_FORWARD,
  VERDICT_ACCEPT,
} from '../abi';
import { Conn, IPS_CONFIRMED } from '../conntrack/conn';
import { Packet } from '../packet';
import { Traversal } from '../slot';
import { volatileKey } from '../table/index';
import { walkIsWhole } from '../traversal';
import { IPV4_HEADER } from '../wire/ipv4';
import { outcome, TOWARDS_PORT } from './outcome';
import { exceedsMtu } from './routed';
import { Way, wayOf } from './way';

const SMALL: u32 = 1280; // fits every link

/**
 * After connection tracking: repeats the cached traversal when it holds (outcome.cached), else
 * notes the key under which this packet's own may be cached. `to`: the port a bridged frame goes
 * to.
 */
export function takeCached(p: Packet, to: u32): bool {
  if (p.conn == 0 || p.ctState != CT_ESTABLISHED) return false;
  const key = volatileKey(p);
  outcome.cacheKey = key;
  if (key == 0) return false;
  const conn = changetype<Conn>(<usize>p.conn);
  const original = p.ctDir == DIR_ORIGINAL;
  const way = changetype<Way>(<usize>(original ? conn.way0 : conn.way1));
  if (changetype<usize>(way) == 0 || key != way.key) return false;
  const t = changetype<Traversal>(<usize>way.traversal);
  if (t.in != p.in || t.physIn != outcome.firstPhysIn || t.flags != outcome.towards) return false;
  if (outcome.towards == TOWARDS_PORT && <u32>t.physOut != to) return false;
  if (p.family == FAMILY_V4 && p.l4 - p.l3 != IPV4_HEADER) return false; // IP may refuse options
  if (t.path == PATH_FORWARD) {
    if (p.ttl <= 1 || p.pktType != PACKET_HOST) return false;
    if (p.ipLen > SMALL && exceedsMtu(p, t.out)) return false;
  }
  outcome.cached = way.traversal;
  leaveAs(p, conn);
  return true;
}

/** Gives the packet the addresses it leaves with: its connection's other tuple, turned round. */
export function leaveAs(p: Packet, conn: Conn): void {
  const icmp = p.proto == 1 || p.proto == 58;
  if (p.ctDir == DIR_ORIGINAL) {
    p.src = conn.replDst;
    p.dst = conn.replSrc;
    p.sport = icmp ? conn.replSport : conn.replDport;
    p.dport = conn.replSport;
  } else {
    p.src = conn.origDst;
    p.dst = conn.origSrc;
    p.sport = icmp ? conn.origSport : conn.origDport;
    p.dport = conn.origSport;
  }
}

/** Remembers a finished walk's traversal in the packet's connection. */
export function cacheTraversal(p: Packet, traversal: usize, verdict: u32): void {
  if (traversal == 0 || !walkIsWhole()) return;
  if (outcome.cacheKey == 0 || verdict != VERDICT_ACCEPT) return;
  if (p.conn == 0 || p.sideEffects) return;
  if (outcome.towards > TOWARDS_PORT) return;
  const conn = changetype<Conn>(<usize>p.conn);
  if (!(conn.status & IPS_CONFIRMED)) return;
  setWay(conn, p.ctDir, wayOf(outcome.cacheKey, <u32>traversal));
}

/** Makes `way` the one that the connection's packets of direction `dir` repeat. */
@inline
export function setWay(conn: Conn, dir: u32, way: u32): void {
  if (way == 0) return;
  if (dir == DIR_ORIGINAL) conn.way0 = way;
  else conn.way1 = way;
}

export function cachedOutcome(): Traversal {
  return changetype<Traversal>(<usize>outcome.cached);
}
