/**
 * Tuples: what identifies a connection in one direction. The functions that produce one leave it in
 * the variables below (AssemblyScript returns one value); they hold until the next such call.
 */
import { FAMILY_V4 } from '../abi';
import { Packet } from '../packet';
import { hasTuplePorts } from '../wire/transport';
import { Conn } from './conn';

export const IPPROTO_ICMP: u32 = 1;
export const IPPROTO_TCP: u32 = 6;
export const IPPROTO_UDP: u32 = 17;
export const IPPROTO_GRE: u32 = 47;
export const IPPROTO_ICMPV6: u32 = 58;
export const IPPROTO_NONE: u32 = 59;
const IPPROTO_HOPOPTS: u32 = 0;
const IPPROTO_ROUTING: u32 = 43;
const IPPROTO_FRAGMENT: u32 = 44;
const IPPROTO_AH: u32 = 51;
const IPPROTO_DSTOPTS: u32 = 60;
export const IPPROTO_SCTP: u32 = 132;
export const IPPROTO_UDPLITE: u32 = 136;

export let tupleSrc: u32 = 0;
export let tupleDst: u32 = 0;
export let tupleSport: u32 = 0;
export let tupleDport: u32 = 0;
export let tupleProto: u32 = 0;

export function setTuple(src: u32, dst: u32, sport: u32, dport: u32, proto: u32): void {
  tupleSrc = src;
  tupleDst = dst;
  tupleSport = sport;
  tupleDport = dport;
  tupleProto = proto;
}

@inline
export function isIcmp(proto: u32): bool {
  return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

/**
 * The type that answers ICMP type `type`, or -1 where there is none (invmap of
 * nf_conntrack_proto_icmp.c and _icmpv6.c).
 */
export function inverseIcmpType(proto: u32, type: u32): i32 {
  if (proto == IPPROTO_ICMP) {
    switch (type) {
      case 8: // echo
        return 0;
      case 0:
        return 8;
      case 13: // timestamp
        return 14;
      case 14:
        return 13;
      case 15: // information
        return 16;
      case 16:
        return 15;
      case 17: // address mask
        return 18;
      case 18:
        return 17;
    }
    return -1;
  }
  switch (type) {
    case 128: // echo
      return 129;
    case 129:
      return 128;
    case 139: // node information
      return 140;
    case 140:
      return 139;
  }
  return -1;
}

/** Turns the tuple into that of the other direction (nf_ct_invert_tuple). False: it has none. */
export function invertTuple(): bool {
  const src = tupleSrc;
  tupleSrc = tupleDst;
  tupleDst = src;
  if (isIcmp(tupleProto)) {
    const type = inverseIcmpType(tupleProto, tupleDport >> 8);
    if (type < 0) return false;
    tupleDport = (<u32>type << 8) | (tupleDport & 0xff);
    return true;
  }
  const sport = tupleSport;
  tupleSport = tupleDport;
  tupleDport = sport;
  return true;
}

/** Loads a connection's tuple of direction `dir`. */
export function loadTuple(conn: Conn, dir: u32): void {
  const at = changetype<usize>(conn) + (dir == 0 ? 0 : offsetof<Conn>('replSrc'));
  tupleSrc = load<u32>(at);
  tupleDst = load<u32>(at, 4);
  tupleSport = load<u16>(at, 8);
  tupleDport = load<u16>(at, 10);
  tupleProto = conn.proto;
}

/**
 * Loads the tuple of the transport header at `l4`, of which `have` bytes are there, between the
 * addresses already loaded (nf_ct_get_tuple). False: no connection can be told.
 */
export function loadTransport(proto: u32, l4: usize, have: u32): bool {
  tupleProto = proto;
  tupleSport = 0;
  tupleDport = 0;
  if (hasTuplePorts(proto)) {
    if (have < 4) return false;
    tupleSport = bswap<u16>(load<u16>(l4));
    tupleDport = bswap<u16>(load<u16>(l4, 2));
    return true;
  }
  if (isIcmp(proto)) {
    if (have < 8) return false;
    tupleSport = bswap<u16>(load<u16>(l4, 4));
    tupleDport = bswap<u16>(load<u16>(l4));
    return true;
  }
  if (proto == IPPROTO_GRE) return loadGre(l4, have);
  return true;
}

/** GRE version 1 (PPTP) is told by its call id, the rest by addresses (gre_pkt_to_tuple). */
function loadGre(l4: usize, have: u32): bool {
  if (have < 4 || (load<u8>(l4, 1) & 7) != 1) return true;
  if (have < 8) return true;
  if (bswap<u16>(load<u16>(l4, 2)) != 0x880b) return false;
  tupleDport = bswap<u16>(load<u16>(l4, 6)); // the source key comes from a PPTP helper: 0
  return true;
}

/** What an IPv6 packet ends with when its headers are cut short or say that nothing follows. */
@inline
function isSkipped(proto: u32): bool {
  return (
    proto == IPPROTO_NONE ||
    proto == IPPROTO_HOPOPTS ||
    proto == IPPROTO_ROUTING ||
    proto == IPPROTO_FRAGMENT ||
    proto == IPPROTO_AH ||
    proto == IPPROTO_DSTOPTS
  );
}

/** Loads the packet's tuple. False: not tracked (INVALID). */
@inline
export function loadPacket(p: Packet): bool {
  tupleSrc = p.src;
  tupleDst = p.dst;
  const proto: u32 = p.proto;
  if (proto == IPPROTO_TCP || proto == IPPROTO_UDP) {
    tupleProto = proto;
    tupleSport = p.sport;
    tupleDport = p.dport;
    return p.l4Len >= 4;
  }
  // ipv6_skip_exthdr() fails: nothing follows, or the headers end outside of the packet
  if (p.family != FAMILY_V4 && (isSkipped(proto) || p.l4 == 0)) return false;
  if (!loadTransport(proto, p.l4, p.l4Cap)) return false;
  // The echo id may be another than captured: a packet seen leaving is tracked as it came.
  if (isIcmp(proto) && isEcho(tupleDport >> 8)) tupleSport = p.sport;
  return true;
}

@inline
function isEcho(type: u32): bool {
  return type == 8 || type == 0 || type == 128 || type == 129;
}
