/**
 * Taking over the choices that the kernel made at random, once a capture shows them. Until then the
 * connection has the mapping that unique.ts chose in its stead, a guess:
 *
 *     rule      MASQUERADE --to-ports 40000-40100
 *     guessed   172.18.0.2:5000 → 1.1.1.1:80   leaves as 192.168.1.10:40033 → 1.1.1.1:80
 *     seen                                               192.168.1.10:40018 → 1.1.1.1:80
 *
 * 40018 is in the range, so it is what the kernel chose: answers will come to it.
 */
import {
  CONN_NAT_ADOPTED,
  Conn,
  IPS_CONFIRMED,
  IPS_DST_NAT,
  IPS_DYING,
  IPS_SRC_NAT,
  isGuessed,
} from '../conntrack/conn';
import { guessedFrom } from '../conntrack/mapping';
import { relink } from '../conntrack/table';
import {
  invertTuple,
  isIcmp,
  loadTuple,
  setTuple,
  tupleDport,
  tupleDst,
  tupleSport,
  tupleSrc,
} from '../conntrack/tuple';
import { Packet } from '../packet';
import { isTranslatable } from '../wire/translatable';
import {
  loadNullRange,
  loadRange,
  RANGE_PROTO_SPECIFIED,
  RANGE_RANDOM_ALL,
  rangeFlags,
  rangeMaxPort,
  rangeMinPort,
} from './range';
import { classHigh, classLow } from './unique';
import { hasTuplePorts } from '../wire/transport';

/** Whether packets of the connection's original direction leave like this one. */
export function leavesAs(conn: Conn, p: Packet): bool {
  if (!loadLeaving(conn, p)) return false;
  return tupleSrc == p.src && tupleDst == p.dst && hasSourcePort(p) && hasDestinationPort(p);
}

/** Loads the tuple with which the connection's original direction leaves. False: not like `p`. */
function loadLeaving(conn: Conn, p: Packet): bool {
  if (conn.proto != p.proto || conn.family != p.family) return false;
  loadTuple(conn, 1);
  return invertTuple();
}

/** Whether the tuple in tuple.ts has the packet's source port or echo id. */
@inline
function hasSourcePort(p: Packet): bool {
  return !(hasTuplePorts(p.proto) || isIcmp(p.proto)) || tupleSport == p.sport;
}

@inline
function hasDestinationPort(p: Packet): bool {
  return !hasTuplePorts(p.proto) || tupleDport == p.dport;
}

/**
 * Gives a connection the mapping with which `p`, a packet of its original direction, was seen
 * leaving. False: the mapping is no guess, or its rule does not allow this one.
 */
export function adoptMapping(conn: Conn, p: Packet): bool {
  const linked = (conn.status & (IPS_CONFIRMED | IPS_DYING)) == IPS_CONFIRMED;
  if (!linked || !isGuessed(conn) || p.fragOff != 0) return false;
  if (!loadLeaving(conn, p)) return false;
  const manip = guessedFrom(conn) & 1;
  loadGuessedRange(conn, manip);
  if (!isAllowed(conn, p, manip)) return false;
  if (!leavesAs(conn, p)) {
    const ports = hasTuplePorts(p.proto);
    const sport: u32 = ports || isIcmp(p.proto) ? p.sport : tupleSport;
    setTuple(p.src, p.dst, sport, ports ? p.dport : tupleDport, p.proto);
    invertTuple();
    relink(conn, p.tsNanos, isGuessed);
    conn.status |= manip == 0 ? IPS_SRC_NAT : IPS_DST_NAT;
  }
  conn.flags |= CONN_NAT_ADOPTED;
  return true;
}

/** Loads the range that the guess in tuple.ts is from. */
function loadGuessedRange(conn: Conn, manip: u32): void {
  const args = <usize>(guessedFrom(conn) & ~1);
  if (args == 0) loadNullRange(manip == 0 ? tupleSrc : tupleDst);
  else loadRange(conn.family, args);
}

/**
 * Whether the kernel may have chosen what `p` shows, where the guess is the tuple in tuple.ts: it
 * draws ports, never addresses (choose.ts).
 */
function isAllowed(conn: Conn, p: Packet, manip: u32): bool {
  if (tupleSrc != p.src || tupleDst != p.dst) return false;
  if (manip == 0) {
    if (!hasDestinationPort(p)) return false;
    return hasSourcePort(p) || isPortAllowed(conn, p.sport, 0);
  }
  if (!isIcmp(p.proto) && !hasSourcePort(p)) return false;
  if (isIcmp(p.proto)) return hasSourcePort(p) || isPortAllowed(conn, p.sport, 1);
  return hasDestinationPort(p) || isPortAllowed(conn, p.dport, 1);
}

function isPortAllowed(conn: Conn, port: u32, manip: u32): bool {
  if (rangeFlags & RANGE_PROTO_SPECIFIED) {
    const low = min<u32>(rangeMinPort, rangeMaxPort);
    return port >= low && port <= max<u32>(rangeMinPort, rangeMaxPort);
  }
  if (isIcmp(conn.proto)) return true;
  return manip == 0 && port >= classLow(conn.origSport) && port <= classHigh(conn.origSport);
}

/**
 * Whether connections of other owners depend on the guess, or it on them: the packets that leave
 * may have any port of an endpoint that owners are chosen by, or the next connection of the same
 * source takes the mapping over (keepMapping in unique.ts).
 */
export function spansOwners(conn: Conn): bool {
  const manip = guessedFrom(conn) & 1;
  loadTuple(conn, 1);
  loadGuessedRange(conn, manip);
  const isKept = (rangeFlags & (RANGE_PROTO_SPECIFIED | RANGE_RANDOM_ALL)) == RANGE_PROTO_SPECIFIED;
  if (manip == 0 && isKept) return true;
  if (isIcmp(conn.proto)) return false; // echo ids choose nobody
  return !isTranslatable(conn.family, manip == 0 ? conn.replDst : conn.replSrc);
}
