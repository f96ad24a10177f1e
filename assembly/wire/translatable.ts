/**
 * The addresses that NAT can touch: the host's own, what is behind its bridges, and the ranges that
 * rules name (the embedder adds those).
 */
import {
  ADDRESS_SIZE,
  FAMILY_V4,
  FAMILY_V6,
  IFACE_BRIDGE,
  ROUTE_LOCAL,
  ROUTE_SIZE,
  SECTION_ADDRESS,
  SECTION_ROUTE,
} from '../abi';
import { v6Bytes } from '../address';
import { ifaceAt, sectionCount, sectionPtr } from '../host';
import { ADDRESS_LOCAL, Address, ROUTE_DST, Route } from '../image';
import { reserve } from '../lookup/arena';
import { KEY_BYTES } from '../lookup/key';
import { buildRangeSet, containsKey, RANGE_BYTES, RangeSet } from '../lookup/range-set';
import { allocate } from '../memory';
import { be32 } from './bytes';
import { CaptureState } from './state';

/** An address range that NAT may rewrite or write; addresses in network order, both ends in it. */
@unmanaged
class NatRange {
  next: u32;
  family: u32;
  // then 16 bytes minimum and 16 bytes maximum
}
const RANGE_MIN: usize = 8;
const RANGE_MAX: usize = 24;
const RANGE_SIZE: usize = 40;

/** Adds a range of the embedder's to the state, before any attach. False: out of memory. */
export function addNatRange(state: CaptureState, family: u32, min: usize, max: usize): bool {
  const at = newRange(state.natRanges, family, min, max);
  if (at == 0) return false;
  state.natRanges = at;
  return true;
}

function newRange(next: u32, family: u32, min: usize, max: usize): u32 {
  const at = allocate(RANGE_SIZE);
  if (at == 0) return 0;
  const r = changetype<NatRange>(at);
  r.next = next;
  r.family = family;
  memory.copy(at + RANGE_MIN, min, 16);
  memory.copy(at + RANGE_MAX, max, 16);
  return <u32>at;
}

// This worker's view of IPv4: two bits per /16 (0: no address in a range, 1: all, 2: search), and the
// ranges, sorted, none touching another.
const COARSE_BYTES: usize = 16384;
let coarse: usize = 0;
let ranges4: usize = 0; // {u32 min, u32 max}, host order
let count4: u32 = 0;
let ranges6: usize = 0; // RangeSet

/** Bytes of the last address of a prefix: all ones behind its first `bits` bits. */
function lastOf(prefix: usize, bits: u32, to: usize): void {
  memory.copy(to, prefix, 16);
  for (let i: u32 = bits; i < 128; i++) {
    const at = to + (i >> 3);
    store<u8>(at, load<u8>(at) | <u8>(<u32>0x80 >> (i & 7)));
  }
}

function firstOf(prefix: usize, bits: u32, to: usize): void {
  memory.copy(to, prefix, 16);
  for (let i: u32 = bits; i < 128; i++) {
    const at = to + (i >> 3);
    store<u8>(at, load<u8>(at) & <u8>~(<u32>0x80 >> (i & 7)));
  }
}

function addPrefix(list: u32, family: u32, prefix: usize, bits: u32, scratch: usize): u32 {
  firstOf(prefix, bits, scratch);
  lastOf(prefix, bits, scratch + 16);
  const at = newRange(list, family, scratch, scratch + 16);
  return at == 0 ? list : at;
}

/** Builds this worker's ranges from the attached host and the state. False: out of memory. */
export function attachTranslatable(state: CaptureState): bool {
  const scratch = allocate(64);
  coarse = allocate(COARSE_BYTES);
  if (scratch == 0 || coarse == 0) return false;
  let list = state.natRanges;
  store<u8>(scratch + 32, 127);
  list = addPrefix(list, FAMILY_V4, scratch + 32, 8, scratch);
  const addresses = sectionPtr(SECTION_ADDRESS);
  for (let k: u32 = 0; k < sectionCount(SECTION_ADDRESS); k++) {
    const a = changetype<Address>(addresses + <usize>k * ADDRESS_SIZE);
    const bridge = a.iface != 0 && ifaceAt(a.iface).kind == IFACE_BRIDGE;
    const whole: u32 = a.family == FAMILY_V4 ? 32 : 128;
    const bits = bridge ? <u32>a.prefixLen : whole;
    list = addPrefix(list, a.family, changetype<usize>(a) + ADDRESS_LOCAL, bits, scratch);
  }
  const routes = sectionPtr(SECTION_ROUTE);
  for (let k: u32 = 0; k < sectionCount(SECTION_ROUTE); k++) {
    const r = changetype<Route>(routes + <usize>k * ROUTE_SIZE);
    const behind = r.iface != 0 && r.hasGateway == 0 && ifaceAt(r.iface).kind == IFACE_BRIDGE;
    if (r.prefixLen == 0 || !(behind || r.type == ROUTE_LOCAL)) continue;
    const at = changetype<usize>(r) + ROUTE_DST;
    if (r.family == FAMILY_V6 && (load<u8>(at) == 0xff || load<u8>(at) == 0xfe)) continue;
    list = addPrefix(list, r.family, at, r.prefixLen, scratch);
  }
  return buildV4(list) && buildV6(list);
}

/** The ranges of a family as a set. 0: out of memory. */
function setOf(list: u32, family: u32): usize {
  let count: u32 = 0;
  for (let at = list; at != 0; at = changetype<NatRange>(<usize>at).next) {
    if (changetype<NatRange>(<usize>at).family == family) count++;
  }
  const ranges = reserve(<usize>count * RANGE_BYTES);
  if (ranges == 0 && count > 0) return 0;
  let next = ranges;
  for (let at = list; at != 0; at = changetype<NatRange>(<usize>at).next) {
    if (changetype<NatRange>(<usize>at).family != family) continue;
    storeKey(next, family, <usize>at + RANGE_MIN);
    storeKey(next + KEY_BYTES, family, <usize>at + RANGE_MAX);
    next += RANGE_BYTES;
  }
  return buildRangeSet(ranges, count);
}

function storeKey(key: usize, family: u32, address: usize): void {
  if (family == FAMILY_V4) {
    store<u64>(key, 0);
    store<u64>(key, be32(address), 8);
  } else {
    store<u64>(key, bswap<u64>(load<u64>(address)));
    store<u64>(key, bswap<u64>(load<u64>(address, 8)), 8);
  }
}

function buildV4(list: u32): bool {
  const set = changetype<RangeSet>(setOf(list, FAMILY_V4));
  if (changetype<usize>(set) == 0) return false;
  count4 = set.count / 2; // each has an end: the keys are wider
  ranges4 = reserve(<usize>count4 * 8);
  if (ranges4 == 0) return false;
  for (let i: u32 = 0; i < count4; i++) {
    const edge = <usize>set.edges + <usize>i * RANGE_BYTES;
    const min = <u32>load<u64>(edge, 8);
    const max = <u32>(load<u64>(edge, KEY_BYTES + 8) - 1);
    store<u32>(ranges4 + <usize>i * 8, min);
    store<u32>(ranges4 + <usize>i * 8, max, 4);
    markCoarse(min, max);
  }
  return true;
}

function markCoarse(min: u32, max: u32): void {
  for (let top = min >> 16; top <= max >> 16; top++) {
    const from = top << 16;
    const whole = min <= from && max >= (from | 0xffff);
    const at = coarse + (top >> 2);
    const shift = (top & 3) * 2;
    const bits: u32 = whole ? 1 : 2;
    const others = <u32>load<u8>(at) & ~(<u32>3 << shift);
    store<u8>(at, <u8>(others | (bits << shift)));
  }
}

function buildV6(list: u32): bool {
  ranges6 = setOf(list, FAMILY_V6);
  return ranges6 != 0;
}

/** Whether NAT may rewrite the IPv4 address `a` (host order). */
@inline
export function isTranslatableV4(a: u32): bool {
  const top = a >> 16;
  const bits = (<u32>load<u8>(coarse + (top >> 2)) >> ((top & 3) * 2)) & 3;
  return bits == 0 ? false : bits == 1 ? true : searchV4(a);
}

@inline
function searchV4(a: u32): bool {
  let low: u32 = 0;
  let high = count4;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (load<u32>(ranges4 + <usize>mid * 8) <= a) low = mid + 1;
    else high = mid;
  }
  return low > 0 && a <= load<u32>(ranges4 + <usize>(low - 1) * 8, 4);
}

/** Whether NAT may rewrite the IPv6 address at `at`. */
export function isTranslatableV6(at: usize): bool {
  const high = bswap<u64>(load<u64>(at));
  return containsKey(changetype<RangeSet>(ranges6), high, bswap<u64>(load<u64>(at, 8)));
}

/** Whether NAT may rewrite the address behind a handle: then its port chooses no owner either. */
export function isTranslatable(family: u32, address: u32): bool {
  return family == FAMILY_V4 ? isTranslatableV4(address) : isTranslatableV6(v6Bytes(address));
}
