/**
 * Packets that a capture shows leaving the host, and that no evaluated packet accounts for: the host
 * sent them itself, or they came in where the capture did not look.
 */
import {
  IFACE_LOOPBACK,
  ROUTE_LOCAL,
  ROUTE_UNICAST,
  RULE_SIZE,
  SECTION_BLOB,
  SECTION_RULE,
  STAT_LOCAL_DNAT_AMBIGUOUS,
  STAT_OUTPUT_AMBIGUOUS,
} from '../abi';
import { Conn } from '../conntrack/conn';
import { findReplied, foundDir } from '../conntrack/index';
import { internImageAddress } from '../address';
import { TARGET_DNAT } from '../abi-rules';
import { ifaceAt, sectionCount, sectionPtr } from '../host';
import { Route, Rule } from '../image';
import { Packet } from '../packet';
import { addressType } from '../route/addrtype';
import { fibLookup, routeIface } from '../route/fib';

export const ORIGIN_LOCAL: u32 = 0;
export const ORIGIN_FORWARDED: u32 = 1;

/** What could not be known about the packet: a STAT_* to count, or 0. */
export let ambiguity: u32 = 0;

/**
 * Where a packet seen leaving by p.out entered the host. Rewrites its addresses to those it had
 * before translation and, for a forwarded one, sets p.in. ORIGIN_*.
 */
export function originOf(p: Packet, innerSeen: bool): u32 {
  ambiguity = 0;
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
  if (addressType(p.family, p.src, 0) != ROUTE_LOCAL) return cameBy(p);
  if (ifaceAt(p.out).kind == IFACE_LOOPBACK) return ORIGIN_LOCAL;
  const network = ifaceAt(p.out).network;
  if (network != 0) {
    if (isDnatTarget(p)) ambiguity = STAT_LOCAL_DNAT_AMBIGUOUS;
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

/** Whether some DNAT rule leads to the packet's destination: OUTPUT may have led it there. */
function isDnatTarget(p: Packet): bool {
  const rules = sectionPtr(SECTION_RULE);
  const blob = sectionPtr(SECTION_BLOB);
  for (let i: u32 = 0; i < sectionCount(SECTION_RULE); i++) {
    const target = blob + changetype<Rule>(rules + <usize>i * RULE_SIZE).target;
    if (load<u16>(target) != TARGET_DNAT) continue;
    const range = target + 8;
    if (internImageAddress(p.family, range + 16) != p.dst) continue;
    const port = load<u16>(range, 4);
    if (port == 0 || port == p.dport) return true;
  }
  return false;
}

/** The packet was forwarded: it came in by the interface towards its source. */
function cameBy(p: Packet): u32 {
  const r = fibLookup(p.family, p.src, p.dst, 0, 0, 0);
  if (r == 0 || changetype<Route>(r).type != ROUTE_UNICAST) return ORIGIN_LOCAL;
  p.in = <u16>routeIface(r);
  return p.in == 0 ? ORIGIN_LOCAL : ORIGIN_FORWARDED;
}
