/**
 * IPv4: the header's fields, and what ip_rcv_core() (net/ipv4/ip_input.c) asks of it before
 * netfilter sees the packet. All lengths are judged by the frame's original length, so a snapped
 * capture is judged like a whole one.
 */
import {
  DIRECTION_IN,
  DIRECTION_OUT,
  FAMILY_V4,
  FAULT_IP_CHECKSUM,
  FAULT_IP_HEADER_LENGTH,
  FAULT_IP_TOTAL_LENGTH,
  FAULT_IP_VERSION,
  FAULT_TRUNCATED,
  FRAME_FRAGMENT,
  FRAME_SNAPPED,
} from '../abi';
import { FrameRecord } from '../packet';
import { placeByAddress } from './between';
import { be16, minU32 } from './bytes';
import { fault } from './fault';
import { PLACE_BY_ADDRESS, placeDirection } from './place';
import { IPPROTO_TCP, transport } from './transport';

export const IPV4_HEADER: u32 = 20;
export const IPV4_TOS: usize = 1;
export const IPV4_TOTAL: usize = 2;
export const IPV4_ID: usize = 4;
export const IPV4_FRAG: usize = 6;
export const IPV4_TTL: usize = 8;
export const IPV4_PROTO: usize = 9;
export const IPV4_CHECK: usize = 10;
export const IPV4_SRC: usize = 12;
export const IPV4_DST: usize = 16;
export const IPV4_MF: u32 = 0x2000;
export const IPV4_DF: u32 = 0x4000;
export const IPV4_OFFSET: u32 = 0x1fff;
const MAX_TOTAL: u32 = 65535;

/** One's complement sum over the header; 0xffff when its checksum is right. */
export function headerSum(at: usize, ihl: u32): u32 {
  let sum = <u64>load<u32>(at) + <u64>load<u32>(at, 4) + <u64>load<u32>(at, 8);
  sum += <u64>load<u32>(at, 12) + <u64>load<u32>(at, 16);
  for (let i: u32 = IPV4_HEADER; i < ihl; i += 4) sum += <u64>load<u32>(at + i);
  sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  return <u32>((sum & 0xffff) + (sum >> 16));
}

/**
 * Decodes the packet at `at`, `cap` bytes captured of `len`. Returns `place`, completed from the
 * addresses where it was not known.
 */
export function ipv4(f: FrameRecord, at: usize, cap: u32, len: u32, place: u32): u32 {
  f.l3 = <u32>at;
  f.family = <u8>FAMILY_V4;
  if (cap < IPV4_HEADER) {
    f.capLen = cap;
    f.ipLen = len;
    fault(f, len < IPV4_HEADER ? FAULT_IP_HEADER_LENGTH : FAULT_TRUNCATED, IPV4_HEADER, cap);
    return place;
  }
  const addresses = load<u64>(at, IPV4_SRC);
  f.src = bswap<u32>(<u32>addresses);
  f.dst = bswap<u32>(<u32>(addresses >> 32));
  f.ttl = load<u8>(at, IPV4_TTL);
  f.tos = load<u8>(at, IPV4_TOS);
  const proto = <u32>load<u8>(at, IPV4_PROTO);
  f.proto = <u8>proto;
  if (place & PLACE_BY_ADDRESS) {
    place = placeByAddress(place, FAMILY_V4, at + IPV4_SRC, at + IPV4_DST);
  }
  const first = <u32>load<u8>(at);
  const ihl = (first & 15) << 2;
  let total = be16(at + IPV4_TOTAL);
  // BIG TCP and segments that the sender's card was to cut carry no length
  if (total == 0 && proto == IPPROTO_TCP) {
    if (len > MAX_TOTAL || placeDirection(place) == DIRECTION_OUT) total = len;
  }
  f.ipLen = total;
  const have = minU32(cap, total);
  f.capLen = have;
  if (first >> 4 != 4) {
    fault(f, FAULT_IP_VERSION, 4, first >> 4);
    f.ipLen = len;
    f.capLen = cap;
    return place;
  }
  if (ihl < IPV4_HEADER || ihl > len) {
    fault(f, FAULT_IP_HEADER_LENGTH, ihl < IPV4_HEADER ? IPV4_HEADER : ihl, minU32(ihl, len));
    return place;
  }
  if (placeDirection(place) == DIRECTION_IN && cap >= ihl && headerSum(at, ihl) != 0xffff) {
    fault(f, FAULT_IP_CHECKSUM, 0, be16(at + IPV4_CHECK));
    return place;
  }
  if (total > len || total < ihl) {
    fault(f, FAULT_IP_TOTAL_LENGTH, total > len ? total : ihl, total > len ? len : total);
    return place;
  }
  const frag = be16(at + IPV4_FRAG) & (IPV4_MF | IPV4_OFFSET);
  let flags = <u32>f.flags;
  if (have < total) flags |= FRAME_SNAPPED;
  if (frag != 0) {
    flags |= FRAME_FRAGMENT;
    f.flags = <u16>flags;
    f.fragOff = <u16>((frag & IPV4_OFFSET) << 3);
    if ((frag & IPV4_OFFSET) != 0) return place;
  } else {
    f.flags = <u16>flags;
  }
  f.l4Off = <u16>ihl;
  transport(f, proto, at + ihl, have > ihl ? have - ihl : 0);
  return place;
}
