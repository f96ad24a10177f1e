/** The host's own addresses and connected subnets: which interface is an address behind? */
import {
  ADDRESS_SIZE,
  FAMILY_V4,
  FAMILY_V6,
  IFACE_UPLINK,
  ROUTE_SIZE,
  ROUTE_TABLE_MAIN,
  ROUTE_UNICAST,
  SECTION_ADDRESS,
  SECTION_ROUTE,
} from '../abi';
import { ifaceAt, ifaceCount, sectionCount, sectionPtr } from '../host';
import { ADDRESS_LOCAL, Address, ROUTE_DST, Route } from '../image';
import { newAddressMap, paint, valueOf } from '../lookup/address-map';
import { be32 } from './bytes';

const LOOPBACK_FIRST: u32 = 0x7f000000; // 127/8 is the host's own
const LOOPBACK_LAST: u32 = 0x7fffffff;

/**
 * What the host knows of an address: the interface behind which it is, by the longest subnet or
 * route, in the lower 16 bits (0: none), and whether it is one of the host's own.
 */
export const KNOWN_IFACE: u32 = 0xffff;
export const KNOWN_OWN: u32 = 1 << 16;

let map: usize = 0; // of IPv4 addresses
let uplinkV4: u32 = 0;
let uplinkV6: u32 = 0;

/** Prepares this worker. False when memory runs out. */
export function attachSubnets(): bool {
  uplinkV4 = findUplink(FAMILY_V4);
  uplinkV6 = findUplink(FAMILY_V6);
  map = newAddressMap();
  return map != 0 && paintSubnets() && paintOwn();
}

/** Interface of the default route in the main table, else the first uplink, else 0. */
function findUplink(family: u32): u32 {
  for (let k: u32 = 0; k < sectionCount(SECTION_ROUTE); k++) {
    const r = routeAt(k);
    if (r.family != family || r.prefixLen != 0 || r.table != ROUTE_TABLE_MAIN) continue;
    if (r.type == ROUTE_UNICAST && r.iface != 0) return r.iface;
  }
  for (let id: u32 = 1; id <= ifaceCount(); id++) {
    if (ifaceAt(id).kind == IFACE_UPLINK) return id;
  }
  return 0;
}

@inline
export function uplink(family: u32): u32 {
  return family == FAMILY_V4 ? uplinkV4 : uplinkV6;
}

@inline
function addressAt(index: u32): Address {
  return changetype<Address>(sectionPtr(SECTION_ADDRESS) + <usize>index * ADDRESS_SIZE);
}

@inline
function routeAt(index: u32): Route {
  return changetype<Route>(sectionPtr(SECTION_ROUTE) + <usize>index * ROUTE_SIZE);
}

/** Whether the route tells that its destinations are behind an interface. */
@inline
function leadsBehind(r: Route): bool {
  if (r.table != ROUTE_TABLE_MAIN || r.prefixLen == 0) return false;
  return r.type == ROUTE_UNICAST && r.iface != 0;
}

// --- IPv4 ---------------------------------------------------------------------------------------

/** Longer prefixes over shorter ones; of equal ones the first holds, addresses before routes. */
function paintSubnets(): bool {
  for (let bits: u32 = 0; bits <= 32; bits++) {
    for (let k = sectionCount(SECTION_ROUTE); k > 0; k--) {
      const r = routeAt(k - 1);
      if (r.family != FAMILY_V4 || r.prefixLen != bits || !leadsBehind(r)) continue;
      if (!paintSubnet(changetype<usize>(r) + ROUTE_DST, bits, r.iface)) return false;
    }
    for (let k = sectionCount(SECTION_ADDRESS); k > 0; k--) {
      const a = addressAt(k - 1);
      if (a.family != FAMILY_V4 || a.prefixLen != bits) continue;
      if (!paintSubnet(changetype<usize>(a) + ADDRESS_LOCAL, bits, a.iface)) return false;
    }
  }
  return true;
}

function paintSubnet(prefix: usize, bits: u32, iface: u32): bool {
  const rest: u32 = bits == 0 ? u32.MAX_VALUE : (1 << (32 - bits)) - 1;
  const address = be32(prefix);
  return paint(map, address & ~rest, address | rest, 0, iface);
}

function paintOwn(): bool {
  if (!paint(map, LOOPBACK_FIRST, LOOPBACK_LAST, KNOWN_IFACE, KNOWN_OWN)) return false;
  for (let k: u32 = 0; k < sectionCount(SECTION_ADDRESS); k++) {
    const a = addressAt(k);
    if (a.family != FAMILY_V4) continue;
    const own = be32(changetype<usize>(a) + ADDRESS_LOCAL);
    if (!paint(map, own, own, KNOWN_IFACE, KNOWN_OWN)) return false;
  }
  return true;
}

/** What the host knows of an IPv4 address (host order). Calls no function. */
@inline
export function knownV4(address: u32): u32 {
  return valueOf(map, address);
}

// --- IPv6 ---------------------------------------------------------------------------------------

/** Whether the first `bits` bits of the addresses at `a` and `b` are equal. */
function samePrefix(a: usize, b: usize, bits: u32): bool {
  const whole = bits >> 3;
  if (memory.compare(a, b, whole) != 0) return false;
  const rest = bits & 7;
  if (rest == 0) return true;
  return (load<u8>(a + whole) ^ load<u8>(b + whole)) >> (8 - rest) == 0;
}

function isOwnV6(ptr: usize): bool {
  for (let k: u32 = 0; k < sectionCount(SECTION_ADDRESS); k++) {
    const a = addressAt(k);
    if (a.family != FAMILY_V6) continue;
    if (samePrefix(changetype<usize>(a) + ADDRESS_LOCAL, ptr, 128)) return true;
  }
  return false;
}

function longestSubnetV6(ptr: usize): u32 {
  let best: u32 = 0;
  let bestLen: i32 = -1;
  for (let k: u32 = 0; k < sectionCount(SECTION_ADDRESS); k++) {
    const a = addressAt(k);
    if (a.family != FAMILY_V6 || <i32>a.prefixLen <= bestLen) continue;
    if (!samePrefix(changetype<usize>(a) + ADDRESS_LOCAL, ptr, a.prefixLen)) continue;
    best = a.iface;
    bestLen = a.prefixLen;
  }
  for (let k: u32 = 0; k < sectionCount(SECTION_ROUTE); k++) {
    const r = routeAt(k);
    if (r.family != FAMILY_V6 || <i32>r.prefixLen <= bestLen || !leadsBehind(r)) continue;
    if (!samePrefix(changetype<usize>(r) + ROUTE_DST, ptr, r.prefixLen)) continue;
    best = r.iface;
    bestLen = r.prefixLen;
  }
  return best;
}

/** What the host knows of the address at `ptr` (network order). */
export function knownOf(family: u32, ptr: usize): u32 {
  if (family == FAMILY_V4) return knownV4(be32(ptr));
  return longestSubnetV6(ptr) | (isOwnV6(ptr) ? KNOWN_OWN : 0);
}
