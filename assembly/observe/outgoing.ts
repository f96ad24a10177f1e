/**
 * Packets that a capture shows leaving the host, and that no evaluated packet accounts for: the
 * host sent them itself, or they came in where the capture did not look.
 */
import {
  IFACE_LOOPBACK,
  ROUTE_LOCAL,
  ROUTE_UNICAST,
  STAT_DNAT_UNDONE,
  STAT_LOCAL_DNAT_AMBIGUOUS,
  STAT_OUTPUT_AMBIGUOUS,
} from '../abi';
import { Conn } from '../conntrack/conn';
import { findReplied, foundDir } from '../conntrack/index';
import { ifaceAt, ifaceCount } from '../host';
import { Route } from '../image';
import { Packet } from '../packet';
import { addressType } from '../route/addrtype';
import { fibLookup, routeIface } from '../route/fib';
import { sourceAddress } from '../route/select';
import { publishedAs, publishedDport, publishedDst } from './published';

export const ORIGIN_LOCAL: u32 = 0;
export const ORIGIN_FORWARDED: u32 = 1;

/** What could not be known about the packet: a STAT_* to count, or 0. */
export let ambiguity: u32 = 0;

/** A DNAT was undone that no connection tells of: a guess, see published.ts. */
export let undone: bool = false;

/**
 * Where a packet seen leaving by p.out entered the host. Rewrites its addresses to those it had
 * before translation and, for a forwarded one, sets p.in; DNAT of a connection that is not known is
 * undone if `mayUndo` says so. ORIGIN_*.
 */
export function originOf(p: Packet, innerSeen: bool, mayUndo: bool): u32 {
  ambiguity = 0;
  undone = false;
  const found = findReplied(p); // the connection whose packets leave like this one
  if (found != 0) {
    const c = changetype<Conn>(found);
    if (foundDir() == 0) {
      setTuple(p, c.origSrc, c.origDst, c.origSport, c.origDport);
    } else {
      setTuple(p, c.replSrc, c.replDst, c.replSport, c.replDport);
    }
    return addressType(p.family, p.src, 0) == ROUTE_LOCAL ? ORIGIN_LOCAL : cameBy(p);
  }
  if (addressType(p.family, p.src, 0) != ROUTE_LOCAL) {
    const origin = cameBy(p);
    if (origin == ORIGIN_FORWARDED && mayUndo) undoForwarded(p);
    return origin;
  }
  if (ifaceAt(p.out).kind == IFACE_LOOPBACK) return ORIGIN_LOCAL;
  const network = ifaceAt(p.out).network;
  if (network != 0) {
    if (publishedAs(p)) {
      ambiguity = STAT_LOCAL_DNAT_AMBIGUOUS;
      if (mayUndo) undoLocal(p);
    }
  } else if (!innerSeen) {
    ambiguity = STAT_OUTPUT_AMBIGUOUS;
  }
  return ORIGIN_LOCAL;
}

function setTuple(p: Packet, src: u32, dst: u32, sport: u16, dport: u16): void {
  p.src = src;
  p.dst = dst;
  p.sport = sport;
  p.dport = p.proto == 1 || p.proto == 58 ? sport : dport;
}

/** Makes the host's own packet what it was before OUTPUT's DNAT: sent to an address of the host. */
function undoLocal(p: Packet): void {
  const own = p.src;
  // A socket connected to an address of the host has that address as its source, too. With the
  // source that leads to the container it is a proxy's, or anybody's.
  if (own == sourceAddress(p.family, p.out, p.dst, 0)) return;
  p.dst = publishedDst != 0 ? publishedDst : own;
  p.dport = publishedDport;
  p.out = <u16>loopback();
  undone = true;
}

/** Id of the loopback interface, by which the host reaches its own addresses; 0: none. */
function loopback(): u32 {
  for (let id: u32 = 1; id <= ifaceCount(); id++) {
    if (ifaceAt(id).kind == IFACE_LOOPBACK) return id;
  }
  return 0;
}

/**
 * Makes a forwarded packet what it was before PREROUTING's DNAT, if a rule leads to where it goes.
 */
function undoForwarded(p: Packet): void {
  if (!publishedAs(p)) return;
  const host = publishedDst != 0 ? publishedDst : sourceAddress(p.family, p.in, p.src, 0);
  if (host == 0) return;
  p.dst = host;
  p.dport = publishedDport;
  ambiguity = STAT_DNAT_UNDONE;
  undone = true;
}

/** The packet was forwarded: it came in by the interface towards its source. */
function cameBy(p: Packet): u32 {
  const r = fibLookup(p.family, p.src, p.dst, 0, 0, 0);
  if (r == 0 || changetype<Route>(r).type != ROUTE_UNICAST) return ORIGIN_LOCAL;
  p.in = <u16>routeIface(r);
  return p.in == 0 ? ORIGIN_LOCAL : ORIGIN_FORWARDED;
}
