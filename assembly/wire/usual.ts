/**
 * The usual frame in one go: Ethernet, IPv4 without options and fragmentation, TCP or UDP, nothing
 * wrong with it. Says what link.ts, ipv4.ts and transport.ts would say, with fewer branches and
 * wide stores; every other frame takes the long way there. Tests compare the two.
 *
 *     record  0 time │ 8 l2 l3 │ 16 capLen frameLen │ 24 ipLen │ 28 src dst sport dport │
 *            40 l4Off iface │ 44 fragOff family proto │ 48 ttl tos tcpFlags pktType │
 *            52 direction owner flags │ 56 fault icmp need have, all zero
 */
import { DIRECTION_IN, FAMILY_V4, FRAME_ETHERNET, FRAME_SNAPPED } from '../abi';
import { FrameRecord } from '../packet';
import { IPV4_HEADER } from './ipv4';
import { ownerV4 } from './owner';
import { PLACE_BY_ADDRESS, placeDirection, placeIface, placePktType } from './place';
import { IPPROTO_TCP, IPPROTO_UDP } from './transport';

const ETHERNET_HEADER: u32 = 14;
const TCP_FLAGS: u32 = 13;
const TCP_FLAGS_END: u32 = IPV4_HEADER + TCP_FLAGS + 1;
/** Captured bytes up to TCP's flags: what the loads below may touch. */
export const USUAL_BYTES: u32 = ETHERNET_HEADER + TCP_FLAGS_END;

// Ethertype 0x0800, version 4 and five header words, as bytes 12 to 14 load; byte 15 is the TOS.
const IPV4_PLAIN: u32 = 0x00450008;
const IPV4_PLAIN_MASK: u32 = 0x00ffffff;
const FRAGMENTED: u64 = 0xff3f; // MF and offset, as bytes 6 and 7 of the header load
const LOW: u64 = 0xffffffff;

/** Whether the Ethernet frame at `p`, USUAL_BYTES captured at least, may be a usual one. */
@inline
export function looksUsual(p: usize): bool {
  return (load<u32>(p, 12) & IPV4_PLAIN_MASK) == IPV4_PLAIN;
}

/**
 * Decodes it, `cap` bytes captured of `len`; `frameLen` goes to the record. False: not a usual one
 * after all, and nothing of `f` is valid.
 */
@inline
export function decodeUsual(
  f: FrameRecord,
  p: usize,
  cap: u32,
  len: u32,
  frameLen: u32,
  time: u64,
  place: u32,
  workers: u32,
): bool {
  const l3 = p + ETHERNET_HEADER;
  const a = load<u64>(l3); // version, TOS, total length, id, fragment
  const b = load<u64>(l3, 8); // TTL, protocol, checksum, source
  const c = load<u32>(l3, 16); // destination
  const total = <u32>bswap<u16>(<u16>(a >> 16));
  const proto = <u32>(b >> 8) & 0xff;
  const direction = placeDirection(place);
  const there = cap - ETHERNET_HEADER;
  const have = there < total ? there : total;
  const isTcp = proto == IPPROTO_TCP;
  if (have < TCP_FLAGS_END || !(isTcp || proto == IPPROTO_UDP)) return false;
  if (total > len - ETHERNET_HEADER || (a >> 48) & FRAGMENTED || place & PLACE_BY_ADDRESS) {
    return false;
  }
  let sum = (a & LOW) + (a >> 32) + (b & LOW) + (b >> 32) + <u64>c;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16); // 0x10007 at most: right only as 0xffff
  if (direction == DIRECTION_IN && sum != 0xffff) return false;
  // source, destination and ports, each turned around
  const raw = v128.load(l3, 12);
  const turned = i8x16.shuffle(raw, raw, 3, 2, 1, 0, 7, 6, 5, 4, 9, 8, 11, 10, 0, 0, 0, 0);
  const at = changetype<usize>(f);
  store<u64>(at, time);
  store<u64>(at, <u64>p | (<u64>l3 << 32), 8);
  store<u64>(at, <u64>have | (<u64>frameLen << 32), 16);
  store<u32>(at, total, 24);
  v128.store64_lane(at, turned, 0, 28);
  v128.store32_lane(at, turned, 2, 36);
  store<u32>(at, IPV4_HEADER | (placeIface(place) << 16), 40);
  store<u32>(at, (FAMILY_V4 << 16) | (proto << 24), 44);
  const tcpFlags = isTcp ? <u32>load<u8>(l3, IPV4_HEADER + TCP_FLAGS) : 0;
  const ttl = <u32>b & 0xff;
  const tos = <u32>(a >> 8) & 0xff;
  store<u32>(at, ttl | (tos << 8) | (tcpFlags << 16) | (placePktType(place) << 24), 48);
  const flags: u32 = FRAME_ETHERNET | (have < total ? FRAME_SNAPPED : 0);
  let owner: u32 = 0;
  if (workers > 1) {
    const ports = <u32>i32x4.extract_lane(turned, 2);
    const src = <u32>i32x4.extract_lane(turned, 0);
    const dst = <u32>i32x4.extract_lane(turned, 1);
    owner = ownerV4(src, dst, ports & 0xffff, ports >> 16);
  }
  store<u32>(at, direction | (owner << 8) | (flags << 16), 52);
  store<u64>(at, 0, 56);
  return true;
}
