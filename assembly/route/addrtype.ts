/**
 * Address types, as inet_addr_type() and inet_dev_addr_type() give them (net/ipv4/fib_frontend.c).
 */
import {
  FAMILY_V4,
  ROUTE_ANYCAST,
  ROUTE_BLACKHOLE,
  ROUTE_BROADCAST,
  ROUTE_LOCAL,
  ROUTE_MULTICAST,
  ROUTE_PROHIBIT,
  ROUTE_UNICAST,
  ROUTE_UNREACHABLE,
} from '../abi';
import {
  ADDRTYPE6_ANY,
  ADDRTYPE6_ANYCAST,
  ADDRTYPE6_LOCAL,
  ADDRTYPE6_MULTICAST,
  ADDRTYPE6_UNICAST,
  ADDRTYPE6_UNREACHABLE,
} from '../abi-rules';
import { v6Bytes } from '../address';
import { Route } from '../image';
import { allocate } from '../memory';
import { fibLookup, fibLookupLocal } from './fib';

const CACHE_SIZE: u32 = 4096;
let cache: usize = 0; // {u32 handle, u16 iface, u8 family, u8 type + 1}

@inline
export function isMulticastV4(a: u32): bool {
  return a >> 28 == 14;
}

@inline
export function isLoopbackV4(a: u32): bool {
  return a >> 24 == 127;
}

@inline
export function isMulticast(family: u32, handle: u32): bool {
  return family == FAMILY_V4 ? isMulticastV4(handle) : load<u8>(v6Bytes(handle)) == 0xff;
}

function typeV4(a: u32, iface: u32): u32 {
  if (a == 0 || a == 0xffffffff) return ROUTE_BROADCAST;
  if (isMulticastV4(a)) return ROUTE_MULTICAST;
  const r = fibLookupLocal(FAMILY_V4, a);
  if (r == 0) return ROUTE_UNICAST;
  const route = changetype<Route>(r);
  return iface == 0 || <u32>route.iface == iface ? route.type : ROUTE_UNICAST;
}

/** RTN_* of the route to an IPv6 address. */
function typeV6(handle: u32, iface: u32): u32 {
  if (load<u8>(v6Bytes(handle)) == 0xff) return ROUTE_MULTICAST;
  const r = fibLookup(6, handle, handle, 0, 0, 0);
  if (r == 0) return ROUTE_UNREACHABLE;
  const route = changetype<Route>(r);
  if (route.type == ROUTE_LOCAL) {
    return iface == 0 || <u32>route.iface == iface ? ROUTE_LOCAL : ROUTE_UNICAST;
  }
  return route.type;
}

/**
 * What `-m addrtype` compares: for IPv4 addressType(), for IPv6 an ADDRTYPE6 code, as
 * match_lookup_rt6() of xt_addrtype.c finds it.
 */
export function addrtypeCode(family: u32, handle: u32, iface: u32): u32 {
  if (family == FAMILY_V4) return addressType(family, handle, iface);
  const at = v6Bytes(handle);
  let kind = ADDRTYPE6_UNICAST;
  if (load<u8>(at) == 0xff) kind = ADDRTYPE6_MULTICAST;
  else if (load<u64>(at) == 0 && load<u64>(at, 8) == 0) kind = ADDRTYPE6_ANY;
  return (<u32>kind << 2) | routeSays(handle, iface);
}

function routeSays(handle: u32, iface: u32): u32 {
  const r = fibLookup(6, handle, handle, 0, 0, iface);
  const own = iface != 0 && addressType(6, handle, iface) == ROUTE_LOCAL;
  if (r == 0) return ADDRTYPE6_UNREACHABLE;
  const type = <i32>changetype<Route>(r).type;
  if (type >= ROUTE_BLACKHOLE && type <= ROUTE_PROHIBIT) return ADDRTYPE6_UNREACHABLE;
  if (own || (iface == 0 && type == ROUTE_LOCAL)) return ADDRTYPE6_LOCAL;
  return type == ROUTE_ANYCAST ? ADDRTYPE6_ANYCAST : 0;
}

/** RTN_* of an address (handle), for one interface's addresses only when `iface` is not 0. */
export function addressType(family: u32, handle: u32, iface: u32): u32 {
  if (cache == 0) {
    cache = allocate(<usize>CACHE_SIZE * 8);
    if (cache == 0) return ROUTE_UNICAST;
  }
  const h = (handle ^ (iface << 20) ^ family) * 0x9e3779b1;
  const at = cache + <usize>((h >> 18) & (CACHE_SIZE - 1)) * 8;
  const key = <u64>handle | (<u64>iface << 32) | (<u64>family << 48);
  const found = load<u64>(at);
  if (found << 8 >> 8 == key && found >> 56 != 0) return <u32>(found >> 56) - 1;
  const type = family == FAMILY_V4 ? typeV4(handle, iface) : typeV6(handle, iface);
  store<u64>(at, key | (<u64>(type + 1) << 56));
  return type;
}
