/** Which of an interface's addresses NAT writes into a packet. */
import {
  ADDRESS_SECONDARY,
  ADDRESS_SIZE,
  FAMILY_V4,
  FAMILY_V6,
  HOOK_OUTPUT,
  ROUTE_LOCAL,
  SCOPE_GLOBAL,
  SECTION_ADDRESS,
} from '../abi';
import { internImageAddress, internV6, v6Bytes } from '../address';
import { ifaceAt, ifaceCount, sectionPtr } from '../host';
import { ADDRESS_LOCAL, Address, ROUTE_GATEWAY, Route } from '../image';
import { allocate } from '../memory';
import { Packet } from '../packet';
import { addressType } from './addrtype';
import { fibLookup, prefixEqual } from './fib';
import { isLinkLocalV6, isLoopbackV6 } from './group';

/** Scopes of IPv6 multicast addresses. */
const SCOPE_OF_LINK: u32 = 2;
const SCOPE_OF_SITE: u32 = 5;

let loopbackV6: usize = 0;

@inline
function addressAt(index: u32): Address {
  return changetype<Address>(sectionPtr(SECTION_ADDRESS) + <usize>index * ADDRESS_SIZE);
}

/** As inet_select_addr(): the primary address whose prefix holds the next hop, else the first. */
function selectV4(iface: u32, nextHop: u32): u32 {
  const i = ifaceAt(iface);
  let first: u32 = 0;
  for (let k: u32 = 0; k < <u32>i.addressCount; k++) {
    const a = addressAt(<u32>i.firstAddress + k);
    if (a.family != FAMILY_V4 || a.flags & ADDRESS_SECONDARY) continue;
    if (<i32>a.scope > SCOPE_GLOBAL) continue; // numerically greater scopes are narrower
    const local = bswap<u32>(load<u32>(changetype<usize>(a) + ADDRESS_LOCAL));
    const mask = a.prefixLen == 0 ? 0 : ~0 << (32 - a.prefixLen);
    if (((local ^ nextHop) & mask) == 0) return local;
    if (first == 0) first = local;
  }
  return first;
}

function selectAnyV4(): u32 {
  for (let id: u32 = 1; id <= ifaceCount(); id++) {
    const a = selectV4(id, 0xffffffff);
    if (a != 0) return a;
  }
  return 0;
}

/** As ipv6_dev_get_saddr() for one interface: matching scope, then the longest common prefix. */
function selectV6(iface: u32, dst: u32): u32 {
  const i = ifaceAt(iface);
  if (addressType(FAMILY_V6, dst, 0) == ROUTE_LOCAL) return dst; // RFC 6724, rule 1
  const to = v6Bytes(dst);
  const wantLink = isLinkLocalV6(to) || isLinkGroup(to) || isAny(to);
  let best: usize = 0;
  let bestScore: i32 = -1;
  for (let k: u32 = 0; k < <u32>i.addressCount; k++) {
    const a = addressAt(<u32>i.firstAddress + k);
    if (a.family == FAMILY_V4) continue;
    const at = changetype<usize>(a) + ADDRESS_LOCAL;
    let score: i32 = isLinkLocalV6(at) == wantLink ? 1000 : 0;
    let common: u32 = 0;
    while (common < <u32>a.prefixLen && prefixEqual(at, v6Bytes(dst), common + 1)) common++;
    score += common;
    if (score > bestScore) {
      bestScore = score;
      best = at;
    }
  }
  return best == 0 ? 0 : internV6(best);
}

/** ff02::/16, or narrower */
function isLinkGroup(at: usize): bool {
  return load<u8>(at) == 0xff && (<u32>load<u8>(at, 1) & 15) <= SCOPE_OF_LINK;
}

function isAny(at: usize): bool {
  return load<u64>(at) == 0 && load<u64>(at, 8) == 0;
}

/** Address that the host would send from by `iface` to the next hop of `dst`; 0: none. */
export function sourceAddress(family: u32, iface: u32, dst: u32, mark: u32): u32 {
  if (iface == 0) return 0;
  if (family != FAMILY_V4) return selectV6(iface, dst);
  let nextHop = dst;
  const r = fibLookup(family, dst, 0, mark, 0, iface);
  if (r != 0 && changetype<Route>(r).hasGateway) {
    nextHop = internImageAddress(family, r + ROUTE_GATEWAY);
  }
  const a = selectV4(iface, nextHop);
  return a != 0 ? a : selectAnyV4();
}

/** MASQUERADE's new source (nf_nat_masquerade.c); 0: the packet is dropped. */
export function masqueradeAddress(p: Packet): u32 {
  return sourceAddress(p.family, p.out, p.dst, p.mark);
}

/**
 * As nf_nat_redirect_ipv6(): the interface's first address, and for a destination of the link's
 * scope its first link-local one.
 */
function usableV6(iface: u32, dst: usize): u32 {
  const i = ifaceAt(iface);
  const isGroup = load<u8>(dst) == 0xff;
  const scope = <u32>load<u8>(dst, 1) & 15;
  // no address has that scope
  if ((isGroup && scope == SCOPE_OF_SITE) || isLoopbackV6(dst)) return 0;
  const wantLink = isGroup ? scope == SCOPE_OF_LINK : isLinkLocalV6(dst);
  for (let k: u32 = 0; k < <u32>i.addressCount; k++) {
    const a = addressAt(<u32>i.firstAddress + k);
    if (a.family == FAMILY_V4) continue;
    const at = changetype<usize>(a) + ADDRESS_LOCAL;
    if (!wantLink || isLinkLocalV6(at)) return internV6(at);
  }
  return 0;
}

/** REDIRECT's new destination (nf_nat_redirect.c); 0: the packet is dropped. */
export function redirectAddress(p: Packet): u32 {
  if (p.family == FAMILY_V4) {
    if (p.hook == HOOK_OUTPUT) return 0x7f000001;
    if (p.in == 0) return 0;
    const i = ifaceAt(p.in);
    for (let k: u32 = 0; k < <u32>i.addressCount; k++) {
      const a = addressAt(<u32>i.firstAddress + k);
      if (a.family == FAMILY_V4) return bswap<u32>(load<u32>(changetype<usize>(a) + ADDRESS_LOCAL));
    }
    return 0;
  }
  if (p.hook == HOOK_OUTPUT) {
    if (loopbackV6 == 0) {
      loopbackV6 = allocate(16);
      store<u8>(loopbackV6, 1, 15);
    }
    return internV6(loopbackV6);
  }
  return p.in == 0 ? 0 : usableV6(p.in, v6Bytes(p.dst));
}
