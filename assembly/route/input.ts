/**
 * Routing of received packets, as ip_route_input_slow() and fib_validate_source() decide it
 * (net/ipv4/route.c, fib_frontend.c): local, forward by which interface, or why not.
 */
import {
  FAMILY_V4,
  IFACE_ACCEPT_LOCAL,
  IFACE_BC_FORWARDING,
  IFACE_FORWARDING_V4,
  IFACE_FORWARDING_V6,
  IFACE_LOOPBACK,
  IFACE_ROUTE_LOCALNET,
  IFACE_SRC_VALID_MARK,
  REASON_BLACKHOLE,
  REASON_FORWARDING_OFF,
  REASON_MARTIAN,
  REASON_NO_ROUTE,
  REASON_NONE,
  REASON_RP_FILTER,
  ROUTE_BROADCAST,
  ROUTE_LOCAL,
  ROUTE_MULTICAST,
  ROUTE_UNICAST,
} from '../abi';
import { v6Bytes } from '../address';
import { ifaceAt } from '../host';
import { Iface, Route } from '../image';
import { Packet } from '../packet';
import { addressType, isLoopbackV4, isMulticastV4 } from './addrtype';
import { fibLookup, hasCustomRules, routeIface } from './fib';
import { isJoinedV6, isLinkLocalV6, isLoopbackV6, isMulticastV6 } from './group';

export const ROUTED_DROP: u32 = 0;
export const ROUTED_LOCAL: u32 = 1;
export const ROUTED_FORWARD: u32 = 2;

let why: u32 = 0;
let outIface: u32 = 0;
let customRules: i32 = -1;

/** Why the last routeInput() dropped: REASON_*. */
export function routeReason(): u32 {
  return why;
}

/** The interface by which the last routeInput() forwards. */
export function routeOut(): u32 {
  return outIface;
}

function drop(reason: u32): u32 {
  why = reason;
  return ROUTED_DROP;
}

/** As __fib_validate_source(): REASON_NONE when the source may come in by `iif`. */
function validateFull(p: Packet, iface: Iface): u32 {
  const mark = iface.flags & IFACE_SRC_VALID_MARK ? p.mark : 0;
  const rpf = <u32>iface.rpFilter;
  const r = fibLookup(p.family, p.src, p.dst, mark, p.in, 0);
  if (r == 0) return rpf ? REASON_RP_FILTER : REASON_NONE;
  const route = changetype<Route>(r);
  if (route.type != ROUTE_UNICAST) {
    if (route.type != ROUTE_LOCAL || !(iface.flags & IFACE_ACCEPT_LOCAL)) return REASON_MARTIAN;
  }
  if (route.iface == p.in) return REASON_NONE;
  if (iface.addressCount == 0) return rpf ? REASON_RP_FILTER : REASON_NONE;
  if (rpf == 1) return REASON_RP_FILTER;
  return REASON_NONE;
}

/** As fib_validate_source(); `oif` is the interface a forwarded packet leaves by, else 0. */
function validateSource(p: Packet, iface: Iface, oif: u32): u32 {
  if (iface.rpFilter == 0 && <u32>p.in != oif) {
    if (iface.flags & IFACE_ACCEPT_LOCAL) return REASON_NONE;
    if (customRules < 0) customRules = hasCustomRules() ? 1 : 0;
    if (!customRules) {
      return addressType(p.family, p.src, 0) == ROUTE_LOCAL && isHostAddress(p.src)
        ? REASON_MARTIAN
        : REASON_NONE;
    }
  }
  return validateFull(p, iface);
}

/** inet_lookup_ifaddr_rcu() knows configured addresses only, not all of 127/8. */
function isHostAddress(a: u32): bool {
  return !isLoopbackV4(a) || a == 0x7f000001;
}

function inputV4(p: Packet): u32 {
  const iface = ifaceAt(p.in);
  const src = p.src;
  const dst = p.dst;
  if (isMulticastV4(dst)) {
    // ip_mc_validate_source; groups other than all-hosts are joined by nobody that we know of
    if (isMulticastV4(src) || src == 0xffffffff) return drop(REASON_MARTIAN);
    if (isLoopbackV4(src) && !(iface.flags & IFACE_ROUTE_LOCALNET)) return drop(REASON_MARTIAN);
    if (dst != 0xe0000001) return drop(REASON_NO_ROUTE);
    if (src != 0) {
      const bad = validateSource(p, iface, 0);
      if (bad != REASON_NONE) return drop(bad);
    } else if (p.proto != 2) {
      return drop(REASON_MARTIAN);
    }
    return ROUTED_LOCAL;
  }
  if (isMulticastV4(src) || src == 0xffffffff) return drop(REASON_MARTIAN);
  if (dst == 0xffffffff || (src == 0 && dst == 0)) return broadcastIn(p, iface);
  if (src == 0 || dst == 0) return drop(REASON_MARTIAN);
  if ((isLoopbackV4(dst) || isLoopbackV4(src)) && !(iface.flags & IFACE_ROUTE_LOCALNET)) {
    return drop(REASON_MARTIAN);
  }
  const r = fibLookup(FAMILY_V4, dst, src, p.mark, p.in, 0);
  if (r == 0) {
    return drop(iface.flags & IFACE_FORWARDING_V4 ? REASON_NO_ROUTE : REASON_FORWARDING_OFF);
  }
  const route = changetype<Route>(r);
  if (route.type == ROUTE_BROADCAST && !(iface.flags & IFACE_BC_FORWARDING)) {
    return broadcastIn(p, iface);
  }
  if (route.type == ROUTE_LOCAL) {
    const bad = validateSource(p, iface, 0);
    return bad == REASON_NONE ? ROUTED_LOCAL : drop(bad);
  }
  if (!(iface.flags & IFACE_FORWARDING_V4)) return drop(REASON_FORWARDING_OFF);
  if (route.type != ROUTE_UNICAST && route.type != ROUTE_BROADCAST) {
    return drop(route.type == ROUTE_MULTICAST ? REASON_MARTIAN : REASON_BLACKHOLE);
  }
  outIface = routeIface(r);
  if (outIface == 0) return drop(REASON_NO_ROUTE);
  const bad = validateSource(p, iface, outIface);
  return bad == REASON_NONE ? ROUTED_FORWARD : drop(bad);
}

function broadcastIn(p: Packet, iface: Iface): u32 {
  if (p.src != 0) {
    const bad = validateSource(p, iface, 0);
    if (bad != REASON_NONE) return drop(bad);
  }
  return ROUTED_LOCAL;
}

/**
 * What ip6_rcv_core() lets pass that comes in by p.in: before any hook, unless a bridge had called
 * PREROUTING already.
 */
export function isAcceptableV6(p: Packet): bool {
  const src = v6Bytes(p.src);
  const dst = v6Bytes(p.dst);
  if (isMulticastV6(src)) return false;
  if (ifaceAt(p.in).kind == IFACE_LOOPBACK) return true;
  if (isLoopbackV6(src) || isLoopbackV6(dst)) return false;
  return !isMulticastV6(dst) || (load<u8>(dst, 1) & 15) > 1; // not of this interface only
}

function inputV6(p: Packet): u32 {
  const iface = ifaceAt(p.in);
  const dst = v6Bytes(p.dst);
  if (isMulticastV6(dst)) {
    return isJoinedV6(p.in, dst) ? ROUTED_LOCAL : drop(REASON_NO_ROUTE); // ip6_mc_input()
  }
  const strict: u32 = isLinkLocalV6(dst) ? p.in : 0; // rt6_need_strict()
  const r = fibLookup(p.family, p.dst, p.src, p.mark, p.in, strict);
  if (r == 0) {
    return drop(iface.flags & IFACE_FORWARDING_V6 ? REASON_NO_ROUTE : REASON_FORWARDING_OFF);
  }
  const route = changetype<Route>(r);
  if (route.type == ROUTE_LOCAL || route.type == 4) return ROUTED_LOCAL;
  if (route.type == ROUTE_MULTICAST) return drop(REASON_NO_ROUTE);
  if (route.type != ROUTE_UNICAST) return drop(REASON_BLACKHOLE);
  outIface = routeIface(r);
  return outIface == 0 ? drop(REASON_NO_ROUTE) : ROUTED_FORWARD;
}

/** Whether ip6_forward() lets the source pass: the unspecified and link-local ones stay here. */
export function maySendOnV6(src: usize): bool {
  return !isLinkLocalV6(src) && (load<u64>(src) != 0 || load<u64>(src, 8) != 0);
}

/**
 * Routes a received packet: ROUTED_LOCAL, ROUTED_FORWARD (routeOut) or ROUTED_DROP (routeReason).
 */
export function routeInput(p: Packet): u32 {
  why = REASON_NONE;
  outIface = 0;
  if (p.in == 0) return drop(REASON_NO_ROUTE);
  return p.family == FAMILY_V4 ? inputV4(p) : inputV6(p);
}
