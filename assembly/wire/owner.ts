/**
 * Which worker judges a frame. All packets of a connection, both directions, before and after
 * translation, must meet the same worker, and NAT is decided only there. So the choice depends on
 * the *external* endpoints alone: an endpoint whose address NAT might rewrite contributes nothing.
 *
 * Example, workers 2: 8.8.8.8:41000 → 192.168.1.10:8080 is translated to 172.17.0.2:80. The host's
 * address and Docker's subnets are in the ranges, so every sighting of the connection hashes
 * 8.8.8.8:41000 alone.
 *
 * NAT can touch the host's own addresses, what is behind its bridges, and the ranges that rules
 * name (the embedder adds those). A rule that translates other addresses is found out by the
 * pipeline, which asks ownerOfTuple() after NAT.
 */
import {
  ADDRESS_SIZE,
  FAMILY_V4,
  FAMILY_V6,
  FRAME_FRAGMENT,
  IFACE_BRIDGE,
  ROUTE_LOCAL,
  ROUTE_SIZE,
  SECTION_ADDRESS,
  SECTION_ROUTE,
} from '../abi';
import { v6Bytes } from '../address';
import { ifaceAt, sectionCount, sectionPtr } from '../host';
import { ADDRESS_LOCAL, Address, ROUTE_DST, Route } from '../image';
import { allocate } from '../memory';
import { FrameRecord, Packet } from '../packet';
import { be32 } from './bytes';
import { IPV4_DST, IPV4_HEADER, IPV4_OFFSET, IPV4_PROTO, IPV4_SRC } from './ipv4';
import { IPV6_DST, IPV6_HEADER, IPV6_SRC, skipHeaders, skippedTo } from './ipv6';
import { quoteOf } from './quoted';
import { CaptureState } from './state';
import { hasPorts, IPPROTO_ICMP, IPPROTO_ICMPV6 } from './transport';

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

// This worker's view: IPv4 ranges sorted and merged, two bits per /16 before them
// (0: no address in a range, 1: all, 2: search); IPv6 ranges as a list.
const COARSE_BYTES: usize = 16384;
let coarse: usize = 0;
let ranges4: usize = 0; // {u32 min, u32 max}, host order
let count4: u32 = 0;
let ranges6: u32 = 0; // NatRange list
let workers: u32 = 1;

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

/**
 * Builds this worker's ranges from the attached host and the state, and says among how many workers
 * owners are chosen. False: out of memory.
 */
export function attachOwners(state: CaptureState, ofWorkers: u32): bool {
  workers = ofWorkers == 0 ? 1 : ofWorkers;
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
  return buildV4(list) && keepV6(list);
}

function buildV4(list: u32): bool {
  let n: u32 = 0;
  for (let at = list; at != 0; at = changetype<NatRange>(<usize>at).next) {
    if (changetype<NatRange>(<usize>at).family == FAMILY_V4) n++;
  }
  ranges4 = allocate(<usize>n * 8);
  count4 = 0;
  if (ranges4 == 0) return n == 0;
  for (let at = list; at != 0; at = changetype<NatRange>(<usize>at).next) {
    if (changetype<NatRange>(<usize>at).family != FAMILY_V4) continue;
    insertRange(be32(<usize>at + RANGE_MIN), be32(<usize>at + RANGE_MAX));
  }
  mergeRanges();
  for (let i: u32 = 0; i < count4; i++) {
    const min = load<u32>(ranges4 + <usize>i * 8);
    const max = load<u32>(ranges4 + <usize>i * 8, 4);
    if (max < min) continue;
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
  return true;
}

/** Keeps ranges4 sorted by their beginnings. */
function insertRange(min: u32, max: u32): void {
  let at = ranges4 + <usize>count4 * 8;
  while (at > ranges4 && load<u32>(at - 8) > min) {
    store<u64>(at, load<u64>(at - 8));
    at -= 8;
  }
  store<u32>(at, min);
  store<u32>(at, max, 4);
  count4++;
}

/** Joins ranges that overlap or touch, so that a /16 is whole or not by one range alone. */
function mergeRanges(): void {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < count4; i++) {
    const min = load<u32>(ranges4 + <usize>i * 8);
    const max = load<u32>(ranges4 + <usize>i * 8, 4);
    if (max < min) continue;
    const last = ranges4 + <usize>(kept - 1) * 8;
    if (kept > 0 && (load<u32>(last, 4) == <u32>-1 || min <= load<u32>(last, 4) + 1)) {
      if (max > load<u32>(last, 4)) store<u32>(last, max, 4);
    } else {
      store<u32>(ranges4 + <usize>kept * 8, min);
      store<u32>(ranges4 + <usize>kept * 8, max, 4);
      kept++;
    }
  }
  count4 = kept;
}

function keepV6(list: u32): bool {
  ranges6 = 0;
  for (let at = list; at != 0; at = changetype<NatRange>(<usize>at).next) {
    const r = changetype<NatRange>(<usize>at);
    if (r.family != FAMILY_V6) continue;
    const copy = newRange(ranges6, FAMILY_V6, <usize>at + RANGE_MIN, <usize>at + RANGE_MAX);
    if (copy == 0) return false;
    ranges6 = copy;
  }
  return true;
}

/** Whether NAT may rewrite the IPv4 address `a` (host order). */
@inline
function isTranslatableV4(a: u32): bool {
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

function isTranslatableV6(at: usize): bool {
  for (let r = ranges6; r != 0; r = changetype<NatRange>(<usize>r).next) {
    if (memory.compare(at, <usize>r + RANGE_MIN, 16) < 0) continue;
    if (memory.compare(at, <usize>r + RANGE_MAX, 16) <= 0) return true;
  }
  return false;
}

/** Whether NAT may rewrite the address behind a handle: then its port chooses no owner either. */
export function isTranslatable(family: u32, address: u32): bool {
  return family == FAMILY_V4 ? isTranslatableV4(address) : isTranslatableV6(v6Bytes(address));
}

@inline
function mix(a: u64, port: u32): u32 {
  let h = (a ^ (<u64>port << 32)) * 0x9e3779b97f4a7c15;
  h = (h ^ (h >> 29)) * 0xbf58476d1ce4e5b9;
  return <u32>(h >> 32);
}

/** What an IPv4 endpoint (host order) contributes to the hash. */
@inline
function endpointV4(a: u32, port: u32): u32 {
  return isTranslatableV4(a) ? 0 : mix(a, port);
}

function endpointV6(at: usize, port: u32): u32 {
  if (isTranslatableV6(at)) return 0;
  return mix(load<u64>(at) ^ rotl<u64>(load<u64>(at, 8), 23), port);
}

/** The sum is the same for both directions. */
@inline
function pick(hash: u32): u32 {
  return <u32>((<u64>(hash * 0x9e3779b1) * <u64>workers) >> 32);
}

/** The worker (from 0) that judges an IPv4 packet with these endpoints (host order). */
@inline
export function ownerV4(src: u32, dst: u32, sport: u32, dport: u32): u32 {
  return pick(endpointV4(src, sport) + endpointV4(dst, dport));
}

/** The worker (from 0) that judges a decoded frame without fault. */
export function ownerOf(f: FrameRecord): u32 {
  let sport = <u32>f.sport;
  let dport = <u32>f.dport;
  const proto = <u32>f.proto;
  if (f.flags & FRAME_FRAGMENT) {
    sport = 0; // the later ones have no ports, and one worker puts them all together
    dport = 0;
  } else if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6) {
    // what quotes a packet must be seen by the owner of that packet's connection
    const quote = f.l4Off == 0 ? 0 : quoteOf(proto, f.icmp);
    if (quote != 0 && quotedHash(f.family, f.l3, f.capLen, <u32>f.l4Off + quote)) {
      return pick(quoted);
    }
    sport = 0; // an echo id may be translated
    dport = 0;
  }
  if (f.family == FAMILY_V4) return ownerV4(f.src, f.dst, sport, dport);
  const l3 = <usize>f.l3;
  return pick(endpointV6(l3 + IPV6_SRC, sport) + endpointV6(l3 + IPV6_DST, dport));
}

/** What quotedHash() found. */
let quoted: u32 = 0;

/** Hashes the packet quoted at `off` from `outer`; false: its addresses were not captured. */
function quotedHash(family: u32, outer: usize, cap: u32, off: u32): bool {
  const l3 = outer + off;
  if (family == FAMILY_V4) {
    if (cap < off + IPV4_HEADER) return false;
    const ihl = (<u32>load<u8>(l3) & 15) << 2;
    const ports =
      hasPorts(load<u8>(l3, IPV4_PROTO)) &&
      cap >= off + ihl + 4 &&
      (bswap<u16>(load<u16>(l3, 6)) & IPV4_OFFSET) == 0;
    const both = ports ? be32(l3 + ihl) : 0;
    quoted = endpointV4(be32(l3 + IPV4_SRC), both >> 16);
    quoted += endpointV4(be32(l3 + IPV4_DST), both & 0xffff);
    return true;
  }
  if (cap < off + IPV6_HEADER) return false;
  const l4 = skipHeaders(l3, cap - off);
  const ports = l4 != 0 && hasPorts(skippedTo) && cap >= off + l4 + 4;
  const both = ports ? be32(l3 + l4) : 0;
  quoted = endpointV6(l3 + IPV6_SRC, both >> 16);
  quoted += endpointV6(l3 + IPV6_DST, both & 0xffff);
  return true;
}

/** What the owner of a message about another packet is chosen by; 0: it quotes none. */
export function quotedEndpoints(p: Packet): u32 {
  const proto = <u32>p.proto;
  if ((proto != IPPROTO_ICMP && proto != IPPROTO_ICMPV6) || p.l4 == 0) return 0;
  const quote = quoteOf(proto, p.icmpType);
  if (quote == 0) return 0;
  return quotedHash(p.family, p.l3, p.capLen, p.l4 - p.l3 + quote) ? quoted : 0;
}

/** Owner of the connection with this tuple of address handles: did NAT keep it where it is? */
export function ownerOfTuple(
  family: u32,
  proto: u32,
  src: u32,
  dst: u32,
  sport: u32,
  dport: u32,
): u32 {
  if (workers <= 1) return 0;
  return pick(endpointsHash(family, proto, src, dst, sport, dport));
}

/** What owners are chosen by, the same for any number of workers; for address handles. */
export function endpointsHash(
  family: u32,
  proto: u32,
  src: u32,
  dst: u32,
  sport: u32,
  dport: u32,
): u32 {
  if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6) {
    sport = 0;
    dport = 0;
  }
  if (family == FAMILY_V4) return endpointV4(src, sport) + endpointV4(dst, dport);
  return endpointV6(v6Bytes(src), sport) + endpointV6(v6Bytes(dst), dport);
}
