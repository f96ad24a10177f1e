/**
 * The forwarding information base: `ip rule` order, then tables, longest prefix, lowest metric.
 * Read-only after attach. Routes are few (tens) on the hosts this is for; a small cache by
 * destination makes a look-up one probe, and holds both widths since it is keyed by handle.
 */
import {
  FAMILY_V4,
  POLICY_RULE_SIZE,
  ROUTE_BLACKHOLE,
  ROUTE_SIZE,
  ROUTE_TABLE_LOCAL,
  ROUTE_THROW,
  ROUTE_UNICAST,
  SECTION_POLICY_RULE,
  SECTION_ROUTE,
} from '../abi';
import { writeAddress } from '../address';
import { sectionCount, sectionPtr } from '../host';
import { POLICY_RULE_DST, POLICY_RULE_SRC, PolicyRule, ROUTE_DST, Route } from '../image';
import { allocate } from '../memory';

const CACHE_SIZE: u32 = 4096;

/** One remembered look-up. 24 bytes. */
@unmanaged
class Cached {
  dst: u32;
  src: u32;
  mark: u32;
  iif: u16;
  oif: u16;
  family: u8;
  filled: u8;
  pad: u16;
  route: u32;
}

let routes: usize = 0;
let routeCount: u32 = 0;
let rules: usize = 0;
let ruleCount: u32 = 0;
let cache: usize = 0;
let sourceMatters: bool = false; // some ip rule looks at more than destination, mark, interfaces
let scratch: usize = 0; // 32 bytes: destination and source in image form

export function attachFib(): bool {
  routes = sectionPtr(SECTION_ROUTE);
  routeCount = sectionCount(SECTION_ROUTE);
  rules = sectionPtr(SECTION_POLICY_RULE);
  ruleCount = sectionCount(SECTION_POLICY_RULE);
  scratch = allocate(32);
  cache = allocate(<usize>CACHE_SIZE * offsetof<Cached>());
  sourceMatters = false;
  for (let i: u32 = 0; i < ruleCount; i++) {
    if (ruleAt(i).srcLen != 0) sourceMatters = true;
  }
  return cache != 0;
}

@inline
function ruleAt(i: u32): PolicyRule {
  return changetype<PolicyRule>(rules + <usize>i * POLICY_RULE_SIZE);
}

@inline
function routeAt(i: u32): Route {
  return changetype<Route>(routes + <usize>i * ROUTE_SIZE);
}

/** Whether the first `len` bits of two 16-byte addresses are equal. */
export function prefixEqual(a: usize, b: usize, len: u32): bool {
  const whole = len >> 3;
  if (memory.compare(a, b, whole) != 0) return false;
  const rest = len & 7;
  if (rest == 0) return true;
  return ((load<u8>(a + whole) ^ load<u8>(b + whole)) >> <u8>(8 - rest)) == 0;
}

/** Longest prefix in one table for the destination in `dst` (image form); oif 0: any. */
function lookupTable(table: u32, family: u32, dst: usize, oif: u32): usize {
  let best: usize = 0;
  let bestLen: i32 = -1;
  let bestMetric: u32 = 0;
  for (let i: u32 = 0; i < routeCount; i++) {
    const r = routeAt(i);
    if (r.table != table || <u32>r.family != family) continue;
    const len = <i32>r.prefixLen;
    if (len < bestLen || (len == bestLen && r.metric >= bestMetric)) continue;
    if (oif != 0 && r.iface != 0 && <u32>r.iface != oif) continue;
    if (!prefixEqual(changetype<usize>(r) + ROUTE_DST, dst, len)) continue;
    best = changetype<usize>(r);
    bestLen = len;
    bestMetric = r.metric;
  }
  return best;
}

function ruleMatches(r: PolicyRule, family: u32, mark: u32, iif: u32, oif: u32): bool {
  if (<u32>r.family != family) return false;
  let ok = true;
  if (r.iif != 0 && <u32>r.iif != iif) ok = false;
  if (r.oif != 0 && <u32>r.oif != oif) ok = false;
  if (((r.fwmark ^ mark) & r.fwmask) != 0) ok = false;
  const at = changetype<usize>(r);
  if (!prefixEqual(at + POLICY_RULE_DST, scratch, r.dstLen)) ok = false;
  if (!prefixEqual(at + POLICY_RULE_SRC, scratch + 16, r.srcLen)) ok = false;
  return ok != (r.invert != 0);
}

function lookupUncached(family: u32, oif: u32, mark: u32, iif: u32): usize {
  for (let i: u32 = 0; i < ruleCount; i++) {
    const r = ruleAt(i);
    if (!ruleMatches(r, family, mark, iif, oif)) continue;
    if (r.action != ROUTE_UNICAST) {
      const action = <i32>r.action;
      if (action >= ROUTE_BLACKHOLE && action < ROUTE_THROW) return 0;
      continue;
    }
    const found = lookupTable(r.table, family, scratch, oif);
    if (found == 0) continue;
    const route = changetype<Route>(found);
    if (route.type == ROUTE_THROW) continue;
    if (r.hasSuppress && <u32>route.prefixLen <= r.suppressPrefixLen) continue;
    return found;
  }
  return 0;
}

/** The Route for a flow (handles, mark, incoming and outgoing interface or 0), or 0. */
export function fibLookup(
  family: u32,
  dst: u32,
  src: u32,
  mark: u32,
  iif: u32,
  oif: u32,
): usize {
  const keySrc = sourceMatters ? src : 0;
  let h = (dst ^ rotl<u32>(keySrc, 16) ^ mark ^ (iif << 8) ^ oif ^ family) * 0x9e3779b1;
  h = (h >> 16) & (CACHE_SIZE - 1);
  const c = changetype<Cached>(cache + <usize>h * offsetof<Cached>());
  if (
    c.filled != 0 &&
    c.dst == dst &&
    c.src == keySrc &&
    c.mark == mark &&
    <u32>c.iif == iif &&
    <u32>c.oif == oif &&
    <u32>c.family == family
  ) {
    return c.route;
  }
  writeAddress(family, dst, scratch);
  writeAddress(family, src, scratch + 16);
  const found = lookupUncached(family, oif, mark, iif);
  c.dst = dst;
  c.src = keySrc;
  c.mark = mark;
  c.iif = <u16>iif;
  c.oif = <u16>oif;
  c.family = <u8>family;
  c.filled = 1;
  c.route = <u32>found;
  return found;
}

/** Longest match in the local table alone, or 0: what address types are decided by. */
export function fibLookupLocal(family: u32, handle: u32): usize {
  writeAddress(family, handle, scratch);
  return lookupTable(ROUTE_TABLE_LOCAL, family, scratch, 0);
}

@inline
export function routeIface(route: usize): u32 {
  return route == 0 ? 0 : changetype<Route>(route).iface;
}

/** Whether any `ip rule` is beyond local, main, default: then the source check is a full one. */
export function hasCustomRules(): bool {
  for (let i: u32 = 0; i < ruleCount; i++) {
    const r = ruleAt(i);
    if (r.family != FAMILY_V4) continue;
    const plain = r.priority == 0 || r.priority == 32766 || r.priority == 32767;
    if (!plain) return true;
  }
  return false;
}

