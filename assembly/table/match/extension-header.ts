/**
 * Matches on IPv6 extension headers (net/ipv6/netfilter/ip6t_*.c). A packet whose chain of headers
 * is cut short is dropped by the matches that search it, but for srh.
 */
import {
  AH_INVERT_LENGTH,
  AH_INVERT_SPI,
  AH_RESERVED_ZERO,
  FRAG_FIRST,
  FRAG_INVERT_IDS,
  FRAG_LAST,
  FRAG_MORE,
  FRAG_RESERVED_ZERO,
  NO_LENGTH,
  ROUTING_ADDRESSES,
  ROUTING_INVERT_LENGTH,
  ROUTING_INVERT_SEGMENTS,
  ROUTING_INVERT_TYPE,
  ROUTING_LENGTH,
  ROUTING_NOT_STRICT,
  ROUTING_RESERVED_ZERO,
  ROUTING_TYPE,
} from '../../abi-rules';
import { v6Bytes } from '../../address';
import { Packet } from '../../packet';
import { byteAt, wordAt } from '../bytes';
import {
  ABSENT,
  FIRST_HEADER,
  firstHeader,
  HEADER_AUTH,
  HEADER_DEST,
  HEADER_ESP,
  HEADER_FRAGMENT,
  HEADER_HOP,
  HEADER_NONE,
  HEADER_ROUTING,
  headerLength,
  isExtension,
  MALFORMED,
  searchHeader,
} from '../ipv6';
import { matchPayload } from '../record';
import { isInverted } from './header';

const FRAGMENT_HEADER: u32 = 8;
const AUTH_HEADER: u32 = 12;

/** Offset of a header of which `bytes` must be there, else the packet is dropped; 0: no match. */
function needHeader(p: Packet, kind: u32, bytes: u32): u32 {
  const at = searchHeader(p, kind);
  if (at == ABSENT) return 0;
  if (at != MALFORMED && at + bytes <= p.ipLen) return at;
  p.hotdrop = 1;
  return 0;
}

/** Whether a header is longer than what is left of the packet, which is dropped then. */
function isOversized(p: Packet, header: u32, size: u32): bool {
  if (p.ipLen - header >= size) return false;
  p.hotdrop = 1;
  return true;
}

@inline
function isWithin(value: u32, range: usize): bool {
  return value >= load<u32>(range) && value <= load<u32>(range, 4);
}

/** MATCH_FRAG (ip6t_frag.c); it does not look at the length that --fraglen asks for. */
export function fragMatches(p: Packet, match: usize): bool {
  const header = needHeader(p, HEADER_FRAGMENT, FRAGMENT_HEADER);
  if (header == 0) return false;
  const at = matchPayload(match);
  const flags = load<u32>(at, 8);
  if (isWithin(wordAt(p, header + 4), at) == ((flags & FRAG_INVERT_IDS) != 0)) return false;
  const bits = (byteAt(p, header + 2) << 8) | byteAt(p, header + 3);
  if (flags & FRAG_RESERVED_ZERO && (byteAt(p, header + 1) != 0 || bits & 6)) return false;
  if (flags & FRAG_FIRST && bits >= 8) return false;
  if (flags & FRAG_MORE && !(bits & 1)) return false;
  return !(flags & FRAG_LAST) || !(bits & 1);
}

/** MATCH_OPTIONS of hbh and dst (ip6t_hbh.c): these options, first and in this order. */
export function optionsMatch(p: Packet, match: usize): bool {
  const at = matchPayload(match);
  const header = needHeader(p, load<u32>(at), 2);
  if (header == 0) return false;
  const size = headerLength(p, HEADER_DEST, header);
  if (isOversized(p, header, size)) return false;
  const wanted = load<u32>(at, 4);
  if (wanted != NO_LENGTH && (size == wanted) == (load<u32>(at, 8) != 0)) return false;
  return optionsFollow(p, header + 2, size - 2, at + 16, load<u32>(at, 12));
}

/** `options`: {u8 type, u8 length, or 255 for any} × count. */
function optionsFollow(p: Packet, at: u32, left: u32, options: usize, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    const option = options + (<usize>i << 1);
    if (left < 1 || at >= p.ipLen || byteAt(p, at) != <u32>load<u8>(option)) return false;
    let size: u32 = 1;
    if (load<u8>(option) != 0) {
      if (left < 2 || at + 1 >= p.ipLen) return false;
      const length = byteAt(p, at + 1);
      const wanted = <u32>load<u8>(option, 1);
      if (wanted != 255 && wanted != length) return false;
      size = length + 2;
    }
    if (i + 1 < count && (left < size || at + size > p.ipLen)) return false;
    at += size;
    left -= size;
  }
  return true;
}

/** MATCH_ROUTING of rt (ip6t_rt.c) */
export function routingMatches(p: Packet, match: usize): bool {
  const header = needHeader(p, HEADER_ROUTING, 4);
  if (header == 0) return false;
  const size = headerLength(p, HEADER_ROUTING, header);
  if (isOversized(p, header, size)) return false;
  const at = matchPayload(match);
  const flags = load<u32>(at, 8);
  const segments = isWithin(byteAt(p, header + 3), at);
  if (segments == ((flags & ROUTING_INVERT_SEGMENTS) != 0)) return false;
  if (flags & ROUTING_LENGTH) {
    const same = size == load<u32>(at, 16);
    if (same == ((flags & ROUTING_INVERT_LENGTH) != 0)) return false;
  }
  if (flags & ROUTING_TYPE) {
    const same = byteAt(p, header + 2) == load<u32>(at, 12);
    if (same == ((flags & ROUTING_INVERT_TYPE) != 0)) return false;
  }
  if (flags & ROUTING_RESERVED_ZERO && wordAt(p, header + 4) != 0) return false;
  if (!(flags & ROUTING_ADDRESSES)) return true;
  const strict = !(flags & ROUTING_NOT_STRICT);
  return addressesMatch(p, header + 8, (size - 8) >> 4, at + 24, load<u32>(at, 20), strict);
}

/** The header's addresses are those wanted; not `strict`: those are among them, in this order. */
function addressesMatch(
  p: Packet,
  at: u32,
  there: u32,
  wanted: usize,
  count: u32,
  strict: bool,
): bool {
  if (strict ? there != count : there < count) return false;
  let found: u32 = 0;
  for (let i: u32 = 0; i < there && found < count; i++) {
    if (isAddressAt(p, at + (i << 4), wanted + (<usize>found << 4))) found++;
    else if (strict) return false;
  }
  return found == count;
}

function isAddressAt(p: Packet, at: u32, wanted: usize): bool {
  for (let i: u32 = 0; i < 16; i++) {
    if (byteAt(p, at + i) != <u32>load<u8>(wanted + i)) return false;
  }
  return true;
}

/** Bit of a header in ipv6header's masks; 0 is none of them (ip6t_ipv6header.h). */
function headerBit(kind: u32): u32 {
  switch (kind) {
    case HEADER_HOP:
      return 128;
    case HEADER_DEST:
      return 64;
    case HEADER_ROUTING:
      return 32;
    case HEADER_FRAGMENT:
      return 16;
    case HEADER_AUTH:
      return 8;
    case HEADER_ESP:
      return 4;
    case HEADER_NONE:
      return 2;
    default:
      return 0;
  }
}
const PROTOCOL_BIT: u32 = 1;

/** MATCH_IPV6HEADER (ip6t_ipv6header.c), which takes what follows a later fragment for headers. */
export function ipv6headerMatches(p: Packet, match: usize): bool {
  let next = firstHeader(p);
  let at = FIRST_HEADER;
  let headers: u32 = 0;
  while (isExtension(next)) {
    if (at + 2 > p.ipLen) return false;
    headers |= headerBit(next);
    const size = headerLength(p, next, at);
    next = byteAt(p, at);
    at += size;
    if (at > p.ipLen) break;
  }
  const isThere = at <= p.ipLen;
  if (isThere && next == HEADER_ESP && at + 2 > p.ipLen) return false;
  if (next == HEADER_NONE || next == HEADER_ESP) {
    if (isThere) headers |= headerBit(next);
  } else {
    headers |= PROTOCOL_BIT;
  }
  const payload = matchPayload(match);
  const wanted = load<u32>(payload);
  if (load<u32>(payload, 4)) {
    return (headers & wanted) == (isInverted(match) ? 0 : wanted);
  }
  return (headers == wanted) != isInverted(match);
}

/** MATCH_AH6 (ip6t_ah.c) */
export function ah6Matches(p: Packet, match: usize): bool {
  const header = needHeader(p, HEADER_AUTH, AUTH_HEADER);
  if (header == 0) return false;
  const size = headerLength(p, HEADER_AUTH, header);
  if (isOversized(p, header, size)) return false;
  const at = matchPayload(match);
  const flags = load<u32>(at, 12);
  if (isWithin(wordAt(p, header + 4), at) == ((flags & AH_INVERT_SPI) != 0)) return false;
  const length = load<u32>(at, 8);
  if (length != 0) {
    const same = size == length;
    if (same == ((flags & AH_INVERT_LENGTH) != 0)) return false;
  }
  if (!(flags & AH_RESERVED_ZERO)) return true;
  return byteAt(p, header + 2) == 0 && byteAt(p, header + 3) == 0;
}

const MH_HEADER: u32 = 6;

/** MATCH_MH (ip6t_mh.c): MATCH_HEADER came before. A payload behind the header is an attack. */
export function mhMatches(p: Packet, match: usize): bool {
  const at = p.l4 - p.l3;
  if (p.l4Len < MH_HEADER || byteAt(p, at) != HEADER_NONE) {
    p.hotdrop = 1;
    return false;
  }
  return isWithin(byteAt(p, at + 2), matchPayload(match)) != isInverted(match);
}

const SRH_TYPE: u32 = 4;
const SRH_HEADER: u32 = 8;
const SRH_SIDS: u32 = 3;
const SRH_SID_BYTES: usize = 40;
const EQ: u32 = 0;
const GT: u32 = 1;

/** MATCH_SRH (ip6t_srh.c) */
export function srhMatches(p: Packet, match: usize): bool {
  const header = searchHeader(p, HEADER_ROUTING);
  if (header == ABSENT || header == MALFORMED || header + SRH_HEADER > p.ipLen) return false;
  if (p.ipLen - header < headerLength(p, HEADER_ROUTING, header)) return false;
  const left = byteAt(p, header + 3);
  const last = byteAt(p, header + 4);
  if (byteAt(p, header + 2) != SRH_TYPE || left > last) return false;
  let at = matchPayload(match);
  const count = load<u32>(at);
  at += 8;
  for (let i: u32 = 0; i < count; i++) {
    if (!fieldHolds(p, header + load<u8>(at), at)) return false;
    at += 8;
  }
  for (let i: u32 = 0; i < SRH_SIDS; i++) {
    if (load<u32>(at) != 0 && !segmentHolds(p, header + SRH_HEADER, i, left, last, at)) return false;
    at += SRH_SID_BYTES;
  }
  return true;
}

/** {u8 offset, u8 bytes, u8 operator, u8 inverted, u32 value} */
function fieldHolds(p: Packet, at: u32, condition: usize): bool {
  let value = byteAt(p, at);
  if (load<u8>(condition, 1) == 2) value |= byteAt(p, at + 1) << 8; // compared as it lies
  const wanted = load<u32>(condition, 4);
  const op = <u32>load<u8>(condition, 2);
  const holds = op == EQ ? value == wanted : op == GT ? value > wanted : value < wanted;
  return holds != (load<u8>(condition, 3) != 0);
}

/** {u32 asked, u32 inverted, address, mask}; the previous, the next, the last segment. */
function segmentHolds(
  p: Packet,
  segments: u32,
  which: u32,
  left: u32,
  last: u32,
  condition: usize,
): bool {
  let index: u32 = 0;
  if (which == 0) {
    if (left == last) return false;
    index = left + 1;
  } else if (which == 1) {
    if (left == 0) return false;
    index = left - 1;
  }
  const at = segments + (index << 4);
  if (at + 16 > p.ipLen) return false;
  let same = true;
  for (let i: u32 = 0; i < 16 && same; i++) {
    const wanted = <u32>load<u8>(condition + 8 + i);
    same = ((byteAt(p, at + i) ^ wanted) & <u32>load<u8>(condition + 24 + i)) == 0;
  }
  return same != (load<u32>(condition, 4) != 0);
}

const SOURCE_MAC: usize = 6; // offset in the Ethernet header
const ETHERTYPE: usize = 12;
const ETHERTYPE_IPV6: u16 = 0xdd86; // as it lies
const INTERFACE_ID: usize = 8;

/** MATCH_EUI64 (ip6t_eui64.c): the source address ends with what the source MAC makes. */
export function eui64Matches(p: Packet): bool {
  if (p.l2 == 0 || load<u16>(<usize>p.l2 + ETHERTYPE) != ETHERTYPE_IPV6) return false;
  const mac = <usize>p.l2 + SOURCE_MAC;
  const id = v6Bytes(p.src) + INTERFACE_ID;
  return (
    load<u8>(id) == (load<u8>(mac) ^ 2) &&
    load<u16>(id, 1) == load<u16>(mac, 1) &&
    load<u16>(id, 3) == 0xfeff &&
    load<u8>(id, 5) == load<u8>(mac, 3) &&
    load<u16>(id, 6) == load<u16>(mac, 4)
  );
}
