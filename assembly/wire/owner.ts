/**
 * Which worker judges a frame. All packets of a connection, both directions, before and after
 * translation, must meet the same worker, and NAT is decided only there. So the choice depends on
 * the *external* endpoints alone: an endpoint whose address NAT might rewrite contributes nothing.
 *
 * Example, workers 2: 8.8.8.8:41000 → 192.168.1.10:8080 is translated to 172.17.0.2:80. The host's
 * address and Docker's subnets are in the ranges, so every sighting of the connection hashes
 * 8.8.8.8:41000 alone. Ports count where tuples hold them: an echo id may be translated, and DCCP's
 * ports tell no connections apart.
 *
 * A rule that translates addresses that are not known for it (translatable.ts) is found out by the
 * pipeline, which asks ownerOfTuple() after NAT.
 */
import { FAMILY_V4, FAULT_NONE, FRAME_FRAGMENT } from '../abi';
import { v6Bytes } from '../address';
import { FrameRecord, Packet } from '../packet';
import { Slot } from '../slot';
import { be32 } from './bytes';
import { IPV4_DST, IPV4_HEADER, IPV4_OFFSET, IPV4_PROTO, IPV4_SRC } from './ipv4';
import { IPV6_DST, IPV6_HEADER, IPV6_SRC, skipHeaders, skippedTo } from './ipv6';
import { quoteOf } from './quoted';
import { CaptureState } from './state';
import { attachTranslatable, isTranslatableV4, isTranslatableV6 } from './translatable';
import { hasTuplePorts, IPPROTO_ICMP, IPPROTO_ICMPV6 } from './transport';
import { frameIndex } from './walk';

let workers: u32 = 1;

/**
 * Prepares this worker, and says among how many owners are chosen. False: out of memory.
 */
export function attachOwners(state: CaptureState, ofWorkers: u32): bool {
  workers = ofWorkers == 0 ? 1 : ofWorkers;
  return attachTranslatable(state);
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

/** Says who judges a frame of the slot. With one worker nobody writes that: all are its own. */
@inline
export function setOwner(slot: Slot, f: FrameRecord, owner: u32): void {
  store<u8>(<usize>slot.owners + <usize>frameIndex(slot, f), <u8>owner);
}

/** Chooses who judges a decoded frame of the slot. */
export function chooseOwner(slot: Slot, f: FrameRecord): void {
  if (workers > 1) setOwner(slot, f, f.fault == FAULT_NONE ? ownerOf(f) : 0);
}

/** The worker (from 0) that judges a decoded frame without fault. */
function ownerOf(f: FrameRecord): u32 {
  const proto = <u32>f.proto;
  const isFragment = (f.flags & FRAME_FRAGMENT) != 0;
  if (!isFragment && (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6)) {
    // what quotes a packet must be seen by the owner of that packet's connection
    const quote = f.l4Off == 0 ? 0 : quoteOf(proto, f.icmp);
    if (quote != 0 && quotedHash(f.family, f.l3, f.capLen, <u32>f.l4Off + quote)) {
      return pick(quoted);
    }
  }
  // later fragments have no ports, and one worker puts them all together
  const byPorts = !isFragment && hasTuplePorts(proto);
  const sport = byPorts ? <u32>f.sport : 0;
  const dport = byPorts ? <u32>f.dport : 0;
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
      hasTuplePorts(load<u8>(l3, IPV4_PROTO)) &&
      cap >= off + ihl + 4 &&
      (bswap<u16>(load<u16>(l3, 6)) & IPV4_OFFSET) == 0;
    const both = ports ? be32(l3 + ihl) : 0;
    quoted = endpointV4(be32(l3 + IPV4_SRC), both >> 16);
    quoted += endpointV4(be32(l3 + IPV4_DST), both & 0xffff);
    return true;
  }
  if (cap < off + IPV6_HEADER) return false;
  const l4 = skipHeaders(l3, cap - off);
  const ports = l4 != 0 && hasTuplePorts(skippedTo) && cap >= off + l4 + 4;
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
  if (!hasTuplePorts(proto)) {
    sport = 0;
    dport = 0;
  }
  if (family == FAMILY_V4) return endpointV4(src, sport) + endpointV4(dst, dport);
  return endpointV6(v6Bytes(src), sport) + endpointV6(v6Bytes(dst), dport);
}
