/** The host's own addresses and connected subnets: which interface is an address behind? */
import {
  ADDRESS_SIZE,
  FAMILY_V4,
  IFACE_UPLINK,
  ROUTE_SIZE,
  ROUTE_TABLE_MAIN,
  ROUTE_UNICAST,
  SECTION_ADDRESS,
  SECTION_ROUTE,
} from '../abi';
import { ifaceAt, ifaceCount, sectionCount, sectionPtr } from '../host';
import { ADDRESS_LOCAL, Address, ROUTE_DST, Route } from '../image';
import { allocate } from '../memory';

/** Direct-mapped answers of subnetIface for IPv4: {u32 address, u16 iface, u16 1}. */
const CACHE_SIZE: u32 = 2048;
let cache: usize = 0;
let uplinkV4: u32 = 0;
let uplinkV6: u32 = 0;

/** Prepares this worker. False when memory runs out. */
export function attachSubnets(): bool {
  cache = allocate(<usize>CACHE_SIZE * 8);
  uplinkV4 = findUplink(FAMILY_V4);
  uplinkV6 = findUplink(6);
  return cache != 0;
}

/** Whether the first `bits` bits of the addresses at `a` and `b` are equal. */
export function samePrefix(a: usize, b: usize, bits: u32): bool {
  const whole = bits >> 3;
  if (memory.compare(a, b, whole) != 0) return false;
  const rest = bits & 7;
  if (rest == 0) return true;
  return (load<u8>(a + whole) ^ load<u8>(b + whole)) >> (8 - rest) == 0;
}

/** Interface of the default route in the main table, else the first uplink, else 0. */
function findUplink(family: u32): u32 {
  const routes = sectionPtr(SECTION_ROUTE);
  for (let k: u32 = 0; k < sectionCount(SECTION_ROUTE); k++) {
    const r = changetype<Route>(routes + <usize>k * ROUTE_SIZE);
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

/** Whether the address at `ptr` is one of the host's own. */
export function hasLocalAddress(family: u32, ptr: usize): bool {
  const bits: u32 = family == FAMILY_V4 ? 32 : 128;
  if (family == FAMILY_V4 && load<u8>(ptr) == 127) return true;
  for (let k: u32 = 0; k < sectionCount(SECTION_ADDRESS); k++) {
    const a = addressAt(k);
    if (a.family == family && samePrefix(changetype<usize>(a) + ADDRESS_LOCAL, ptr, bits)) {
      return true;
    }
  }
  return false;
}

function longestSubnet(family: u32, ptr: usize): u32 {
  let best: u32 = 0;
  let bestLen: i32 = -1;
  for (let k: u32 = 0; k < sectionCount(SECTION_ADDRESS); k++) {
    const a = addressAt(k);
    if (a.family != family || <i32>a.prefixLen <= bestLen) continue;
    if (!samePrefix(changetype<usize>(a) + ADDRESS_LOCAL, ptr, a.prefixLen)) continue;
    best = a.iface;
    bestLen = a.prefixLen;
  }
  const routes = sectionPtr(SECTION_ROUTE);
  for (let k: u32 = 0; k < sectionCount(SECTION_ROUTE); k++) {
    const r = changetype<Route>(routes + <usize>k * ROUTE_SIZE);
    if (r.family != family || <i32>r.prefixLen <= bestLen || r.prefixLen == 0) continue;
    if (r.table != ROUTE_TABLE_MAIN || r.type != ROUTE_UNICAST || r.iface == 0) continue;
    if (!samePrefix(changetype<usize>(r) + ROUTE_DST, ptr, r.prefixLen)) continue;
    best = r.iface;
    bestLen = r.prefixLen;
  }
  return best;
}

/** The interface behind which the address at `ptr` is: longest subnet or route; 0: none. */
export function subnetIface(family: u32, ptr: usize): u32 {
  if (family != FAMILY_V4) return longestSubnet(family, ptr);
  const a = load<u32>(ptr);
  const at = cache + (<usize>((a * 0x9e3779b1) >> 16) & (CACHE_SIZE - 1)) * 8;
  if (load<u16>(at, 6) != 0 && load<u32>(at) == a) return load<u16>(at, 4);
  const iface = longestSubnet(family, ptr);
  store<u32>(at, a);
  store<u16>(at, <u16>iface, 4);
  store<u16>(at, 1, 6);
  return iface;
}

