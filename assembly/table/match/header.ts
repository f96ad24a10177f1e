/** Conditions on the packet's own fields, asked of one packet for one rule. */
import { FAMILY_V4, FRAME_HEADERS } from '../../abi';
import {
  ADDRTYPE_DST,
  ADDRTYPE_INVERT_DST,
  ADDRTYPE_INVERT_SRC,
  ADDRTYPE_LIMIT_IN,
  ADDRTYPE_LIMIT_OUT,
  ADDRTYPE_SRC,
  DIM_DPORT,
  DIM_LENGTH,
  DIM_PROTO,
  DIM_SPORT,
  DIM_SRC,
  DIM_TCP_FLAGS,
  HEADER_DROPS_OVERWRITTEN,
  HEADER_FAILS,
  MATCH_INVERT,
  MATCH_NATIVE,
} from '../../abi-rules';
import { Packet } from '../../packet';
import { addrtypeCode } from '../../route/addrtype';
import { hasValue } from '../class-interval';
import { byteAt, transportOffset } from '../bytes';
import { dimensionValue, keyHigh, keyLow } from '../dimension';
import { lastHeader } from '../ipv6';
import { isOdd } from '../odd';
import {
  ADDRESS_RANGE_BYTES,
  matchCount,
  matchDim,
  matchFlags,
  matchItems,
  matchPayload,
  RANGE_BYTES,
} from '../record';

const FRAGMENT_UNIT: u32 = 8;
const TCP_FLAGS_BYTE: u32 = 13;
const MAX_U16: u32 = 0xffff;

/** MATCH_VALUES */
export function valueMatches(p: Packet, match: usize): bool {
  const dim = matchDim(match);
  if (dim == DIM_PROTO && p.flags & FRAME_HEADERS) return protocolMatches(p, match);
  if (dim == DIM_TCP_FLAGS && matchFlags(match) & MATCH_NATIVE && isOdd(p)) {
    const flags = loadNative(p, TCP_FLAGS_BYTE, 1);
    return flags >= 0 && hasValue(match, flags);
  }
  return hasValue(match, dimensionValue(p, dim));
}

/**
 * -p of an IPv6 packet with odd headers: for nf_tables an authentication header is the protocol,
 * and where there is none no rule with -p matches; ip6_tables drops the packet at the first one.
 */
function protocolMatches(p: Packet, match: usize): bool {
  const native = (matchFlags(match) & MATCH_NATIVE) != 0;
  const proto = lastHeader(p, native);
  if (proto >= 0) return hasValue(match, proto);
  if (!native) p.hotdrop = 1;
  return false;
}

/** MATCH_RANGES */
export function rangeMatches(p: Packet, match: usize): bool {
  const dim = matchDim(match);
  let value = dimensionValue(p, dim);
  if (dim == DIM_LENGTH && p.ipLen > MAX_U16) return (matchFlags(match) & MATCH_INVERT) != 0;
  if (matchFlags(match) & MATCH_NATIVE && (dim == DIM_SPORT || dim == DIM_DPORT) && isOdd(p)) {
    const port = loadNative(p, dim == DIM_SPORT ? 0 : 2, 2);
    if (port < 0) return false;
    value = port;
  }
  return inRanges(match, value);
}

/**
 * A value of the transport header as nft_payload's fast path loads it: only the bytes themselves
 * must be there. In a later fragment they are payload, or the IPv6 header itself, as
 * ipv6_find_hdr() tells no offset then. Negative: not there.
 */
function loadNative(p: Packet, offset: u32, bytes: u32): i32 {
  const start = p.family == FAMILY_V4 || p.fragOff == 0 ? transportOffset(p) : 0;
  const at = start + offset;
  if (at + bytes > p.ipLen) return -1;
  if (bytes == 1) return byteAt(p, at);
  return (byteAt(p, at) << 8) | byteAt(p, at + 1);
}

function inRanges(match: usize, value: u32): bool {
  let item = matchItems(match);
  for (let i: u32 = 0; i < matchCount(match); i++) {
    if (value < <u32>load<u16>(item)) return false; // ascending
    if (value <= <u32>load<u16>(item, 2)) return true;
    item += RANGE_BYTES;
  }
  return false;
}

/** MATCH_ADDRESSES */
export function addressMatches(p: Packet, match: usize): bool {
  const handle = matchDim(match) == DIM_SRC ? p.src : p.dst;
  const high = keyHigh(p.family, handle);
  const low = p.family == FAMILY_V4 ? u64.MAX_VALUE : keyLow(p.family, handle);
  let item = matchItems(match);
  for (let i: u32 = 0; i < matchCount(match); i++) {
    if (v4InRange(p, item, high) || v6InRange(p, item, high, low)) return true;
    item += ADDRESS_RANGE_BYTES;
  }
  return false;
}

@inline
function v4InRange(p: Packet, item: usize, high: u64): bool {
  if (p.family != FAMILY_V4) return false;
  return high >= load<u64>(item) && high <= load<u64>(item, 16);
}

@inline
function v6InRange(p: Packet, item: usize, high: u64, low: u64): bool {
  if (p.family == FAMILY_V4) return false;
  const first = load<u64>(item);
  const last = load<u64>(item, 16);
  if (high < first || high > last) return false;
  if (high == first && low < load<u64>(item, 8)) return false;
  return high != last || low <= load<u64>(item, 24);
}

/** MATCH_SRC_MASK, MATCH_DST_MASK: the address under a mask that is no prefix. */
export function maskMatches(p: Packet, handle: u32, match: usize): bool {
  return underMask(p.family, handle, matchPayload(match)) != isInverted(match);
}

/** Whether an address under the mask at `at` + 16 is the value at `at`. */
export function underMask(family: u32, handle: u32, at: usize): bool {
  return (
    (keyHigh(family, handle) & load<u64>(at, 16)) == load<u64>(at) &&
    (keyLow(family, handle) & load<u64>(at, 24)) == load<u64>(at, 8)
  );
}

@inline
export function isInverted(match: usize): bool {
  return (matchFlags(match) & MATCH_INVERT) != 0;
}

/** MATCH_HEADER: no match in later fragments; a header that is cut short may drop the packet. */
export function headerIsThere(p: Packet, match: usize): bool {
  const at = matchPayload(match);
  const otherwise = load<u32>(at, 4);
  if (otherwise == HEADER_FAILS) return transportOffset(p) + load<u32>(at) <= p.ipLen;
  if (p.fragOff != 0) {
    // xt_tcpudp.c: a fragment that would overwrite the TCP header is an attack (RFC 1858).
    if (otherwise == HEADER_DROPS_OVERWRITTEN && p.fragOff == FRAGMENT_UNIT) p.hotdrop = 1;
    return false;
  }
  if (p.l4Len >= load<u32>(at)) return true;
  p.hotdrop = 1;
  return false;
}

/** MATCH_EITHER_PORT */
export function eitherPortMatches(p: Packet, match: usize): bool {
  return (inRanges(match, p.sport) || inRanges(match, p.dport)) != isInverted(match);
}

/** MATCH_ADDRTYPE with --limit-iface (xt_addrtype.c): addresses of one interface alone. */
export function addressTypeMatches(p: Packet, match: usize): bool {
  const at = matchPayload(match);
  const flags = load<u32>(at, 4);
  const iface: u32 =
    flags & ADDRTYPE_LIMIT_IN ? p.in : flags & ADDRTYPE_LIMIT_OUT ? p.out : 0;
  if (flags & ADDRTYPE_SRC) {
    const holds = (load<u32>(at) >> addrtypeCode(p.family, p.src, iface)) & 1;
    if (<bool>holds == ((flags & ADDRTYPE_INVERT_SRC) != 0)) return false;
  }
  if (!(flags & ADDRTYPE_DST)) return true;
  const holds = (load<u32>(at, 8) >> addrtypeCode(p.family, p.dst, iface)) & 1;
  return <bool>holds != ((flags & ADDRTYPE_INVERT_DST) != 0);
}

const SOURCE_MAC: usize = 6; // offset in the Ethernet header

/** MATCH_MAC: false without an Ethernet header, inverted or not (xt_mac.c). */
export function macMatches(p: Packet, match: usize): bool {
  if (p.l2 == 0) return false;
  const at = matchPayload(match);
  const source = <usize>p.l2 + SOURCE_MAC;
  const same = load<u32>(source) == load<u32>(at) && load<u16>(source, 4) == load<u16>(at, 4);
  return same != isInverted(match);
}
