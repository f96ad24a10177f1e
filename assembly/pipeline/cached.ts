/**
 * The short way: an established connection remembers, per direction, the traversal of its last
 * packet and the key of everything about that packet that any rule looks at. A packet with the same
 * key, led the same way, hits the same counters with the same outcome.
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
  const cached = original ? conn.cacheTraversal0 : conn.cacheTraversal1;
  if (cached == 0 || key != (original ? conn.cacheKey0 : conn.cacheKey1)) return false;
  const t = changetype<Traversal>(<usize>cached);
  if (t.in != p.in || t.physIn != outcome.firstPhysIn || t.flags != outcome.towards) return false;
  if (outcome.towards == TOWARDS_PORT && <u32>t.physOut != to) return false;
  if (p.family == FAMILY_V4 && p.l4 - p.l3 != IPV4_HEADER) return false; // IP may refuse options
  if (t.path == PATH_FORWARD) {
    if (p.ttl <= 1 || p.pktType != PACKET_HOST) return false;
    if (p.ipLen > SMALL && exceedsMtu(p, t.out)) return false;
  }
  outcome.cached = cached;
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
  cacheFor(p, conn, <u32>traversal);
}

/** Makes `traversal` the one that packets like this one of its connection repeat. */
@inline
export function cacheFor(p: Packet, conn: Conn, traversal: u32): void {
  if (p.ctDir == DIR_ORIGINAL) {
    conn.cacheKey0 = outcome.cacheKey;
    conn.cacheTraversal0 = traversal;
  } else {
    conn.cacheKey1 = outcome.cacheKey;
    conn.cacheTraversal1 = traversal;
  }
}

export function cachedOutcome(): Traversal {
  return changetype<Traversal>(<usize>outcome.cached);
}
