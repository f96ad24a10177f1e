/**
 * The usual frame in one go: Ethernet, IPv4 without options and fragmentation, TCP or UDP, nothing
 * wrong with it, between MACs met before. Says what link.ts, ipv4.ts and transport.ts would say,
 * with fewer branches and wide stores; every other frame takes the long way there. Tests compare
 * the two.
 *
 * All of it is inlined, and must call no function: engines keep nothing in registers across calls,
 * not even those of branches never taken.
 *
 *     record  0 time │ 8 l2 l3 │ 16 capLen frameLen │ 24 ipLen │ 28 src dst sport dport │
 *            40 l4Off iface fragOff family proto ttl tos tcpFlags pktType direction plain flags │
 *            56 fault icmp need have, all zero
 *
 * The 16 bytes from 40 on are the place's template with four of them filled in from the header.
 */
import {
  DIRECTION_IN,
  FRAME_ETHERNET,
  FRAME_NO_IFACE,
  FRAME_SNAPPED,
} from '../abi';
import { CAPTURE_MAX_PACKET, FACT_NO_IFACE, FACT_SNAPPED } from '../abi-capture';
import { FrameRecord } from '../packet';
import { Slot } from '../slot';
import { placeBetweenV4 } from './between';
import { isRightSum } from './checksum';
import { IPV4_DST, IPV4_FRAG, IPV4_PROTO, IPV4_SRC, IPV4_TOS, IPV4_TOTAL } from './ipv4';
import { ownerV4, setOwner } from './owner';
import { mayShowMore } from './inner';
import {
  differences,
  ENTRY_BY_ADDRESS,
  isOfMacs,
  isPlainAt,
  PLACE_TEMPLATE,
  placeDirection,
  placeEntry,
  placeIface,
  placeOf,
  placePktType,
} from './place';
import { addFact, CaptureState } from './state';
import { IPPROTO_TCP, IPPROTO_UDP } from './transport';

const ETHERNET_HEADER: u32 = 14;
const TCP_FLAGS: usize = 33; // from l3
/** Captured bytes up to TCP's flags: what the loads below may touch. */
const USUAL_BYTES: u32 = 48;
const LEAST_TOTAL: u32 = USUAL_BYTES - ETHERNET_HEADER;

// Ethertype 0x0800, version 4 and five header words, as bytes 12 to 14 load; byte 15 is the TOS.
const IPV4_PLAIN: u32 = 0x00450008;
const IPV4_PLAIN_MASK: u32 = 0x00ffffff;
const FRAGMENTED: u32 = 0xff3f; // MF and offset, as bytes 6 and 7 of the header load
const LOW: u64 = 0xffffffff;

const TEMPLATE: usize = 40; // in the record
const PROTO: usize = 47;
const TTL: usize = 48;
const TOS: usize = 49;
const FLAGS_OF_TCP: usize = 50;
const PLAIN: usize = 53;
const FLAGS: usize = 54;

// Of the template, by the size of the field.
const IFACE_LANE: u8 = 1;
const PKT_TYPE_LANE: u8 = 11;
const DIRECTION_LANE: u8 = 12;
const PLAIN_LANE: u8 = 13;
const FLAGS_LANE: u8 = 7;

/**
 * Decodes the Ethernet frame at `p` into `f`, one of the slot's, `cap` bytes captured of
 * `frameLen`. `iface` and `said` are what the capture says of its place. False: it takes the long
 * way.
 */
@inline
export function decodeUsual(
  f: FrameRecord,
  p: usize,
  cap: u32,
  frameLen: u32,
  time: u64,
  iface: u32,
  said: u32,
  state: CaptureState,
  slot: Slot,
): bool {
  if (cap - USUAL_BYTES > <u32>CAPTURE_MAX_PACKET - USUAL_BYTES) return false;
  if (frameLen < cap) return false;
  if ((load<u32>(p, 12) & IPV4_PLAIN_MASK) != IPV4_PLAIN) return false;
  const entry = placeEntry(p, iface, said);
  if (!isOfMacs(entry, p)) return false;
  const apart = differences(entry, p, iface, said);
  const l3 = p + ETHERNET_HEADER;
  const proto = <u32>load<u8>(l3, IPV4_PROTO);
  let tcpFlags: u32 = 0;
  if (proto == IPPROTO_TCP) tcpFlags = load<u8>(l3, TCP_FLAGS);
  else if (proto != IPPROTO_UDP) return false;
  const total = (<u32>load<u8>(l3, IPV4_TOTAL) << 8) | load<u8>(l3, IPV4_TOTAL + 1);
  if (total < LEAST_TOTAL) return false;
  if (total > frameLen - ETHERNET_HEADER) return false;
  if (load<u16>(l3, IPV4_FRAG) & FRAGMENTED) return false;
  // source, destination and ports, each turned around
  const raw = v128.load(l3, IPV4_SRC);
  const turned = i8x16.shuffle(raw, raw, 3, 2, 1, 0, 7, 6, 5, 4, 9, 8, 11, 10, 0, 0, 0, 0);
  const src = <u32>i32x4.extract_lane(turned, 0);
  const dst = <u32>i32x4.extract_lane(turned, 1);
  let template = v128.load(entry, PLACE_TEMPLATE);
  if (apart != 0) {
    if (apart & ~ENTRY_BY_ADDRESS) return false;
    const place = placeBetweenV4(placeOf(entry), src, dst);
    if (mayShowMore(place, state)) return false;
    template = withPlace(template, place);
  }
  const middle = load<u64>(l3, 8);
  // the first word is below 2^56, not being fragmented
  const sum = load<u64>(l3) + (middle & LOW) + (middle >> 32) + <u64>load<u32>(l3, IPV4_DST);
  if (!isRightSum(sum)) {
    if (i8x16.extract_lane_u(template, DIRECTION_LANE) == DIRECTION_IN) return false;
  }
  const at = changetype<usize>(f);
  const there = cap - ETHERNET_HEADER;
  store<u64>(at, time);
  store<u32>(at, <u32>p, 8);
  store<u32>(at, <u32>l3, 12);
  store<u32>(at, total, 16);
  store<u32>(at, frameLen, 20);
  store<u32>(at, total, 24);
  v128.store64_lane(at, turned, 0, 28);
  v128.store32_lane(at, turned, 2, 36);
  v128.store(at, template, TEMPLATE);
  store<u8>(at, <u8>proto, PROTO);
  store<u8>(at, <u8>middle, TTL);
  store<u8>(at, load<u8>(l3, IPV4_TOS), TOS);
  store<u8>(at, <u8>tcpFlags, FLAGS_OF_TCP);
  store<u64>(at, 0, 56);
  if (apart != 0) addFact(state, FACT_NO_IFACE, 1);
  if (there < total) {
    store<u32>(at, there, 16);
    store<u16>(at, <u16>i16x8.extract_lane_u(template, FLAGS_LANE) | FRAME_SNAPPED, FLAGS);
    store<u8>(at, 0, PLAIN);
    addFact(state, FACT_SNAPPED, 1);
  }
  if (state.workers > 1) {
    const ports = <u32>i32x4.extract_lane(turned, 2);
    setOwner(slot, f, ownerV4(src, dst, ports & 0xffff, ports >> 16));
  }
  return true;
}

/** The template of a frame whose place its addresses complete. */
@inline
function withPlace(template: v128, place: u32): v128 {
  template = i16x8.replace_lane(template, IFACE_LANE, <i16>placeIface(place));
  template = i8x16.replace_lane(template, PKT_TYPE_LANE, <i8>placePktType(place));
  template = i8x16.replace_lane(template, DIRECTION_LANE, <i8>placeDirection(place));
  template = i8x16.replace_lane(template, PLAIN_LANE, isPlainAt(place) ? 1 : 0);
  return i16x8.replace_lane(template, FLAGS_LANE, <i16>(FRAME_ETHERNET | FRAME_NO_IFACE));
}
