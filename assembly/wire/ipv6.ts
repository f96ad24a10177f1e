/**
 * IPv6: fixed header, extension headers, and what ip6_rcv_core() (net/ipv6/ip6_input.c) asks of
 * them before netfilter sees the packet. Frames within a bridge are asked less
 * (br_validate_ipv6, net/bridge/br_netfilter_ipv6.c).
 */
import {
  DIRECTION_IN,
  FAMILY_V6,
  FAULT_IP_HEADER_LENGTH,
  FAULT_IP_OPTIONS,
  FAULT_IP_TOTAL_LENGTH,
  FAULT_IP_VERSION,
  FAULT_TRUNCATED,
  FRAME_FRAGMENT,
  FRAME_HEADERS,
  FRAME_SNAPPED,
} from '../abi';
import { FrameRecord } from '../packet';
import { placeByAddress } from './between';
import { be16, be32, minU32 } from './bytes';
import { fault } from './fault';
import { PLACE_BY_ADDRESS, PLACE_LEARN, placeDirection } from './place';
import { IPPROTO_NONE, IPPROTO_TCP, transport } from './transport';

export const IPV6_HEADER: u32 = 40;
export const IPV6_PAYLOAD: usize = 4;
export const IPV6_NEXT: usize = 6;
export const IPV6_HOP_LIMIT: usize = 7;
export const IPV6_SRC: usize = 8;
export const IPV6_DST: usize = 24;
const MAX_PAYLOAD: u32 = 65535;

export const NEXTHDR_HOP: u32 = 0;
const NEXTHDR_ROUTING: u32 = 43;
export const NEXTHDR_FRAGMENT: u32 = 44;
const NEXTHDR_AUTH: u32 = 51;
const NEXTHDR_DEST: u32 = 60;

export const FRAGMENT_HEADER: u32 = 8;
export const FRAGMENT_OFFSET: usize = 2;
export const FRAGMENT_ID: usize = 4;

const TLV_PAD1: u32 = 0;
const TLV_PADN: u32 = 1;
const TLV_ROUTER_ALERT: u32 = 5;
const TLV_CALIPSO: u32 = 7;
const TLV_IOAM: u32 = 49;
const TLV_JUMBO: u32 = 194;
const MAX_HBH_OPTIONS: u32 = 8; // IP6_DEFAULT_MAX_HBH_OPTS_CNT

/** Where the last decoded packet's fragment header is, from l3; 0: it has none. */
export let fragmentHeader: u32 = 0;
/** Offset of the next-header byte that names it. */
export let fragmentPrev: u32 = 0;

/** Jumbo payload length that a hop-by-hop header of a packet without length carries; 0: none. */
let jumbo: u32 = 0;

/**
 * Reads the hop-by-hop options as ip6_parse_tlv() does; `strict` as a routed packet, else as
 * nf_ip6_check_hbh_len(). All of the header has been captured. False: the kernel drops the packet.
 */
function hopByHop(at: usize, len: u32, payload: u32, strict: bool): bool {
  let off: u32 = IPV6_HEADER + 2;
  let rest = ((<u32>load<u8>(at, IPV6_HEADER + 1) + 1) << 3) - 2;
  let padding: u32 = 0;
  let options: u32 = 0;
  while (rest > 0) {
    const type = <u32>load<u8>(at + off);
    if (type == TLV_PAD1) {
      if (strict && ++padding > 7) return false;
      off++;
      rest--;
      continue;
    }
    if (rest < 2) return false;
    const size = <u32>load<u8>(at + off, 1) + 2;
    if (size > rest) return false;
    if (type == TLV_JUMBO) {
      if (size != 6 || (off & 3) != 2) return false;
      jumbo = be32(at + off + 2);
      if (jumbo <= MAX_PAYLOAD || payload != 0 || jumbo > len - IPV6_HEADER) return false;
    } else if (strict) {
      if (type == TLV_PADN) {
        padding += size;
        if (padding > 7) return false;
        for (let i: u32 = 2; i < size; i++) if (load<u8>(at + off + i) != 0) return false;
      } else if (type == TLV_ROUTER_ALERT) {
        if (size != 4) return false;
      } else if (type >> 6 != 0 && type != TLV_CALIPSO && type != TLV_IOAM) {
        return false; // unknown, and its sender wants it dropped
      }
    }
    if (type != TLV_PADN) {
      padding = 0;
      if (strict && ++options > MAX_HBH_OPTIONS) return false;
    }
    off += size;
    rest -= size;
  }
  return true;
}

@inline
function isExtension(next: u32): bool {
  return (
    next == NEXTHDR_HOP ||
    next == NEXTHDR_ROUTING ||
    next == NEXTHDR_FRAGMENT ||
    next == NEXTHDR_AUTH ||
    next == NEXTHDR_DEST
  );
}

/** Bytes of an extension header whose length field says `units`. */
@inline
function sizeOf(kind: u32, units: u32): u32 {
  if (kind == NEXTHDR_FRAGMENT) return FRAGMENT_HEADER;
  return kind == NEXTHDR_AUTH ? (units + 2) << 2 : (units + 1) << 3;
}

/** The protocol that skipHeaders() found. */
export let skippedTo: u32 = 0;

/**
 * Where the transport header is of the packet at `ip` that an error quotes, as ipv6_skip_exthdr()
 * looks for it in the `have` bytes that are there. 0: there is none, or it is in another fragment.
 */
export function skipHeaders(ip: usize, have: u32): u32 {
  let next = <u32>load<u8>(ip, IPV6_NEXT);
  let at = IPV6_HEADER;
  while (isExtension(next)) {
    if (have < at + 8) return 0;
    const header = ip + at;
    if (next == NEXTHDR_FRAGMENT && be16(header + FRAGMENT_OFFSET) & 0xfff8) return 0;
    at += sizeOf(next, load<u8>(header, 1));
    next = load<u8>(header);
  }
  skippedTo = next;
  return next == IPPROTO_NONE || at > have ? 0 : at;
}

/**
 * Walks the extension headers as ipv6_find_hdr() does and decodes what follows. `have` bytes of
 * `total` were captured. A header that ends outside of the packet leaves l4 at it; one that was not
 * captured is a fault.
 */
export function extensionHeaders(f: FrameRecord, at: usize, have: u32, total: u32): void {
  let next = <u32>load<u8>(at, IPV6_NEXT);
  let prev: u32 = <u32>IPV6_NEXT;
  let off = IPV6_HEADER;
  fragmentHeader = 0;
  for (;;) {
    if (!isExtension(next)) break;
    if (next == NEXTHDR_AUTH) f.flags |= <u16>FRAME_HEADERS;
    const need: u32 = next == NEXTHDR_ROUTING || next == NEXTHDR_FRAGMENT ? 4 : 2;
    if (off + need > have) {
      f.proto = <u8>next;
      f.l4Off = <u16>minU32(off, minU32(total, 0xffff));
      f.flags |= <u16>FRAME_HEADERS;
      if (off + need <= total) fault(f, FAULT_TRUNCATED, off + need, have);
      else if (next == NEXTHDR_FRAGMENT) fragmentHeader = off;
      return;
    }
    if (next == NEXTHDR_FRAGMENT) {
      const frag = be16(at + off + FRAGMENT_OFFSET);
      if (fragmentHeader == 0) {
        fragmentHeader = off;
        fragmentPrev = prev;
      }
      if (frag & 0xfff9) f.flags |= <u16>FRAME_FRAGMENT;
      if (frag & 0xfff8) {
        f.fragOff = <u16>(frag & 0xfff8);
        f.proto = load<u8>(at + off);
        if (isExtension(f.proto)) f.flags |= <u16>FRAME_HEADERS;
        return;
      }
    }
    const size = sizeOf(next, load<u8>(at + off, 1));
    prev = off;
    next = load<u8>(at + off);
    off += size;
  }
  f.l4Off = <u16>minU32(off, minU32(total, 0xffff));
  if (next == IPPROTO_NONE) {
    f.proto = <u8>next;
    return;
  }
  transport(f, next, at + off, have > off ? have - off : 0);
}

/** Decodes the packet at `at`, `cap` bytes captured of `len`; returns the completed place. */
export function ipv6(f: FrameRecord, at: usize, cap: u32, len: u32, place: u32): u32 {
  f.l3 = <u32>at;
  f.family = <u8>FAMILY_V6;
  fragmentHeader = 0;
  f.capLen = cap;
  f.ipLen = len;
  if (cap < IPV6_HEADER) {
    fault(f, len < IPV6_HEADER ? FAULT_IP_HEADER_LENGTH : FAULT_TRUNCATED, IPV6_HEADER, cap);
    return place;
  }
  f.ttl = load<u8>(at, IPV6_HOP_LIMIT);
  f.tos = <u8>(be16(at) >> 4);
  const next = <u32>load<u8>(at, IPV6_NEXT);
  f.proto = <u8>next;
  if (place & PLACE_BY_ADDRESS) {
    place = placeByAddress(place, FAMILY_V6, at + IPV6_SRC, at + IPV6_DST);
  }
  const version = <u32>load<u8>(at) >> 4;
  if (version != 6) {
    fault(f, FAULT_IP_VERSION, 6, version);
    return place;
  }
  const payload = be16(at + IPV6_PAYLOAD);
  let total = payload + IPV6_HEADER;
  if (next == NEXTHDR_HOP) {
    if (len < IPV6_HEADER + 8) {
      fault(f, FAULT_IP_TOTAL_LENGTH, IPV6_HEADER + 8, len);
      return place;
    }
    const end: u32 = cap < IPV6_HEADER + 2 ? 48 : 48 + (<u32>load<u8>(at, IPV6_HEADER + 1) << 3);
    if (end > len) {
      fault(f, FAULT_IP_TOTAL_LENGTH, end, len);
      return place;
    }
    if (end > cap) {
      fault(f, FAULT_TRUNCATED, end, cap);
      return place;
    }
    jumbo = 0;
    const routed = placeDirection(place) == DIRECTION_IN && !(place & PLACE_LEARN);
    if (!hopByHop(at, len, payload, routed)) {
      fault(f, FAULT_IP_OPTIONS, 0, 0);
      return place;
    }
    if (payload == 0) total = jumbo != 0 ? jumbo + IPV6_HEADER : len;
  } else if (payload == 0 && next == IPPROTO_TCP && len > MAX_PAYLOAD) {
    total = len; // BIG TCP without a hop-by-hop header
  }
  if (total > len) {
    fault(f, FAULT_IP_TOTAL_LENGTH, total, len);
    return place;
  }
  const have = minU32(cap, total);
  f.ipLen = total;
  f.capLen = have;
  if (have < total) f.flags |= <u16>FRAME_SNAPPED;
  extensionHeaders(f, at, have, total);
  return place;
}
