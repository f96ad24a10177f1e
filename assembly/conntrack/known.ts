/** Connections in image form (KnownConn): those known at the start, and a dump of those alive. */
import { KNOWN_CONN_SIZE, SECTION_CONNTRACK } from '../abi';
import { internImageAddress, writeAddress } from '../address';
import { sectionCount, sectionPtr } from '../host';
import {
  KNOWN_CONN_ORIG_DST,
  KNOWN_CONN_ORIG_SRC,
  KNOWN_CONN_REPL_DST,
  KNOWN_CONN_REPL_SRC,
  KnownConn,
} from '../image';
import { endpointsHash, ownerOfTuple } from '../wire/owner';
import { linkSource } from './by-source';
import {
  CONN_PRELOADED,
  CONN_ZONE_ORIGINAL,
  CONN_ZONE_REPLY,
  Conn,
  IPS_ASSURED,
  IPS_CONFIRMED,
  IPS_EXPECTED,
  IPS_NAT_DONE_MASK,
  IPS_NAT_MASK,
  IPS_SEEN_REPLY,
} from './conn';
import { extraOf, hasTags, markOf, ownZone } from './extra';
import { allocConn, link, nextLive } from './table';
import { setLast } from './tcp-last';
import { addToSide, SIDE_BE_LIBERAL, SIDE_SACK_PERM } from './tcp-side';
import { TCP_NONE_SET } from './tcp-table';
import { IPPROTO_TCP } from './tuple';

const SECOND: u64 = 1_000_000_000;
const KEPT: u16 = IPS_EXPECTED | IPS_SEEN_REPLY | IPS_ASSURED | IPS_NAT_MASK;

let someMove: bool = false;

/** Whether the owner of one of the connections known at the start is not that of its answers. */
export function preloadMovesOwner(): bool {
  return someMove;
}

/** Whether NAT changed what the owner of the connection's packets is chosen by. */
export function movesOwner(c: Conn): bool {
  if (!(c.status & IPS_NAT_MASK)) return false;
  const sent = endpointsHash(c.family, c.proto, c.origSrc, c.origDst, c.origSport, c.origDport);
  return sent != endpointsHash(c.family, c.proto, c.replSrc, c.replDst, c.replSport, c.replDport);
}

/**
 * Takes over those connections known at the start, `now`, that worker `worker` of `workers` owns.
 * False when memory runs out.
 */
export function preloadConnections(now: u64, worker: u32, workers: u32): bool {
  const first = sectionPtr(SECTION_CONNTRACK);
  const count = sectionCount(SECTION_CONNTRACK);
  someMove = false;
  for (let i: u32 = 0; i < count; i++) {
    const at = first + <usize>i * KNOWN_CONN_SIZE;
    const known = changetype<KnownConn>(at);
    const src = internImageAddress(known.family, at + KNOWN_CONN_ORIG_SRC);
    const dst = internImageAddress(known.family, at + KNOWN_CONN_ORIG_DST);
    const sport = known.origSport;
    const dport = known.origDport;
    if (workers > 1) {
      const proto: u32 = known.proto;
      const owner = ownerOfTuple(known.family, proto, src, dst, sport, dport);
      if (owner != worker) continue;
    }
    const conn = changetype<Conn>(allocConn(now));
    if (changetype<usize>(conn) == 0) return false;
    conn.origSrc = src;
    conn.origDst = dst;
    conn.origSport = sport;
    conn.origDport = dport;
    conn.replSrc = internImageAddress(known.family, at + KNOWN_CONN_REPL_SRC);
    conn.replDst = internImageAddress(known.family, at + KNOWN_CONN_REPL_DST);
    conn.replSport = known.replSport;
    conn.replDport = known.replDport;
    conn.proto = known.proto;
    conn.family = known.family;
    conn.flags = CONN_PRELOADED;
    if (known.zoneDirections & 1) conn.flags |= CONN_ZONE_ORIGINAL;
    if (known.zoneDirections & 2) conn.flags |= CONN_ZONE_REPLY;
    conn.status = <u16>(known.status & KEPT) | IPS_NAT_DONE_MASK;
    if (hasTags) {
      extraOf(conn).zone = known.zone;
      extraOf(conn).mark = known.mark;
    }
    conn.expires = now + <u64>known.timeout * SECOND;
    conn.state = known.state;
    if (known.proto == <u8>IPPROTO_TCP) {
      // Nothing tells its windows and scales: as for a connection picked up.
      addToSide(conn, 0, SIDE_SACK_PERM | SIDE_BE_LIBERAL);
      addToSide(conn, 1, SIDE_SACK_PERM | SIDE_BE_LIBERAL);
      setLast(conn, TCP_NONE_SET, 0);
    }
    if (movesOwner(conn)) someMove = true;
    if (!link(conn) || !linkSource(conn)) return false;
  }
  return true;
}

/**
 * Writes the live connection after `previous` (0: the first) as a KnownConn to `out`. Returns it,
 * to go on with, or 0 at the end. Order: the table's.
 */
export function connDump(previous: usize, now: u64, out: usize): usize {
  const at = nextLive(previous, now);
  if (at == 0) return 0;
  const conn = changetype<Conn>(at);
  const known = changetype<KnownConn>(out);
  memory.fill(out, 0, KNOWN_CONN_SIZE);
  known.status = conn.status | IPS_CONFIRMED;
  known.mark = markOf(conn);
  known.timeout = <u32>((conn.expires - now) / SECOND);
  known.zone = ownZone(conn);
  known.proto = conn.proto;
  known.family = conn.family;
  known.state = conn.state;
  if (conn.flags & CONN_ZONE_ORIGINAL) known.zoneDirections |= 1;
  if (conn.flags & CONN_ZONE_REPLY) known.zoneDirections |= 2;
  known.origSport = conn.origSport;
  known.origDport = conn.origDport;
  known.replSport = conn.replSport;
  known.replDport = conn.replDport;
  writeAddress(conn.family, conn.origSrc, out + KNOWN_CONN_ORIG_SRC);
  writeAddress(conn.family, conn.origDst, out + KNOWN_CONN_ORIG_DST);
  writeAddress(conn.family, conn.replSrc, out + KNOWN_CONN_REPL_SRC);
  writeAddress(conn.family, conn.replDst, out + KNOWN_CONN_REPL_DST);
  return at;
}
