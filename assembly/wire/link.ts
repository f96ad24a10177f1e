/**
 * From a captured packet to a FrameRecord: link header by link type, then IP. Called once per
 * record by the walks in pcap.ts and pcapng.ts.
 */
import {
  DIRECTION_IN,
  DIRECTION_UNKNOWN,
  FAMILY_V4,
  FAULT_LINK_TYPE,
  FAULT_NONE,
  FAULT_NOT_IP,
  FAULT_TRUNCATED,
  FRAME_ETHERNET,
  FRAME_NO_IFACE,
  FRAME_SNAPPED,
  FRAME_VLAN,
} from '../abi';
import { FACT_FAULTS, FACT_NO_IFACE, FACT_SNAPPED } from '../abi-capture';
import { fdbLearn, macAt } from '../bridge/fdb';
import { neighbourLearn } from '../bridge/neighbour';
import { FrameRecord } from '../packet';
import { be16 } from './bytes';
import { isDefragCandidate, queueFragment } from './defrag';
import { fault } from './fault';
import { ifaceOfIndex } from './imports';
import { noteInner } from './inner';
import { ipv4 } from './ipv4';
import { fragmentHeader, ipv6 } from './ipv6';
import {
  PLACE_GUESSED,
  PLACE_LEARN,
  placeBare,
  placeCooked,
  placeDirection,
  placeEthernet,
  placeIface,
  placePktType,
} from './place';
import { isPlain } from './plain';
import { addFact, CaptureState, Link } from './state';
import { placeGuessedTag, placeTagged, tagOf } from './tag';

const LINKTYPE_NULL: u32 = 0;
export const LINKTYPE_ETHERNET: u32 = 1;
const LINKTYPE_RAW_12: u32 = 12;
const LINKTYPE_RAW_14: u32 = 14;
const LINKTYPE_RAW: u32 = 101;
const LINKTYPE_LOOP: u32 = 108;
const LINKTYPE_SLL: u32 = 113;
const LINKTYPE_IPV4: u32 = 228;
const LINKTYPE_IPV6: u32 = 229;
const LINKTYPE_SLL2: u32 = 276;

const ETHERNET_HEADER: u32 = 14;
const ETHERTYPE: usize = 12;
const VLAN_TAG: u32 = 4;
const SLL_HEADER: u32 = 16;
const SLL2_HEADER: u32 = 20;
const NULL_HEADER: u32 = 4;

// Ethertypes as loaded from memory: little endian reads of network order.
const ETHERTYPE_IPV4_LE: u32 = 0x0008;
const ETHERTYPE_IPV6_LE: u32 = 0xdd86;

const ETHERTYPE_VLAN: u32 = 0x8100;
const ETHERTYPE_QINQ: u32 = 0x88a8;
const ETHERTYPE_QINQ_OLD: u32 = 0x9100;

/** Iface | direction << 16 for frames that nothing else places; set per slot from the state. */
let at: u32 = 0;

export function beginLinks(state: CaptureState): void {
  at = <u32>state.atIface | (<u32>state.atDirection << 16);
}

/** Decodes the IP packet behind a link header, by its ethertype; the ways that are less usual. */
function network(f: FrameRecord, type: u32, p: usize, cap: u32, len: u32, place: u32): u32 {
  if (type == ETHERTYPE_IPV4_LE) return ipv4(f, p, cap, len, place);
  if (type == ETHERTYPE_IPV6_LE) return ipv6(f, p, cap, len, place);
  fault(f, FAULT_NOT_IP, 0, 0);
  return place;
}

/**
 * A tagged frame: `type` is the ethertype of the first tag, which follows at `p + skip`. Any number
 * of tags; each may lead to a VLAN device of the interface that the ones before led to.
 */
function tagged(
  f: FrameRecord,
  type: u32,
  p: usize,
  skip: u32,
  cap: u32,
  len: u32,
  place: u32,
  named: bool,
  said: u32,
): u32 {
  const l2 = <usize>f.l2;
  while (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ || type == ETHERTYPE_QINQ_OLD) {
    if (cap < skip + VLAN_TAG) {
      fault(f, FAULT_TRUNCATED, skip + VLAN_TAG, cap);
      return place;
    }
    if (!(f.flags & FRAME_VLAN)) {
      place = placeTagged(f, place, tagOf(type, be16(p + skip)), named, l2, said);
    }
    type = be16(p + skip + 2);
    skip += VLAN_TAG;
  }
  const rest = len > skip ? len - skip : 0;
  place = network(f, bswap<u16>(<u16>type), p + skip, cap - skip, rest, place);
  return f.flags & FRAME_VLAN ? placeGuessedTag(f, place) : place;
}

@inline
function isTag(typeLE: u32): bool {
  return typeLE == 0x0081 || typeLE == 0xa888 || typeLE == 0x0091;
}

function ethernet(f: FrameRecord, link: Link, p: usize, cap: u32, len: u32, said: u32): u32 {
  if (cap < ETHERNET_HEADER) {
    fault(f, FAULT_TRUNCATED, ETHERNET_HEADER, cap);
    return placeBare(link.iface, said, at);
  }
  const place = placeEthernet(p, link.iface, said, at);
  f.l2 = <u32>p;
  f.flags = <u16>FRAME_ETHERNET;
  const type = <u32>load<u16>(p, ETHERTYPE);
  if (isTag(type)) {
    const first = bswap<u16>(<u16>type);
    return tagged(f, first, p, ETHERNET_HEADER, cap, len, place, link.iface != 0, said);
  }
  return network(f, type, p + ETHERNET_HEADER, cap - ETHERNET_HEADER, len - ETHERNET_HEADER, place);
}

/** Linux cooked, versions 1 and 2. The source's link address tells a bridge where it is. */
function cooked(f: FrameRecord, link: Link, p: usize, cap: u32, len: u32, frame: u64): u32 {
  const second = link.linkType == LINKTYPE_SLL2;
  const header = second ? SLL2_HEADER : SLL_HEADER;
  if (cap < header) {
    fault(f, FAULT_TRUNCATED, header, cap);
    return placeBare(link.iface, DIRECTION_UNKNOWN, at);
  }
  const pktType = second ? <u32>load<u8>(p, 10) : be16(p);
  const arphrd = second ? be16(p + 8) : be16(p + 2);
  const addressBytes = second ? <u32>load<u8>(p, 11) : be16(p + 4);
  const address = addressBytes == 6 ? p + (second ? 12 : 6) : 0;
  let iface = <u32>link.iface;
  if (second) iface = ifaceOfIndex(bswap<u32>(load<u32>(p, 4)));
  let place = placeCooked(pktType > 4 ? 0 : pktType, arphrd, address, iface, at);
  // version 2 has the ethertype at its front; a tag follows the header all the same
  const type = second ? <u32>load<u16>(p) : <u32>load<u16>(p, 14);
  if (isTag(type)) {
    const first = bswap<u16>(<u16>type);
    place = tagged(f, first, p, header, cap, len, place, iface != 0, DIRECTION_IN);
  } else {
    place = network(f, type, p + header, cap - header, len - header, place);
  }
  if (place & PLACE_LEARN) fdbLearn(placeIface(place), address, frame);
  return place;
}

/** No link header: the version nibble tells the family. */
function raw(f: FrameRecord, link: Link, p: usize, cap: u32, len: u32, said: u32): u32 {
  const place = placeBare(link.iface, said, at);
  if (cap == 0) {
    fault(f, FAULT_TRUNCATED, 1, 0);
    return place;
  }
  const version = <u32>load<u8>(p) >> 4;
  if (link.linkType == LINKTYPE_IPV4) return ipv4(f, p, cap, len, place);
  if (link.linkType == LINKTYPE_IPV6 || version == 6) return ipv6(f, p, cap, len, place);
  return ipv4(f, p, cap, len, place);
}

/** BSD loopback: an address family in the byte order of whoever captured (108: of the network). */
function loopback(f: FrameRecord, link: Link, p: usize, cap: u32, len: u32, said: u32): u32 {
  const place = placeBare(link.iface, said, at);
  if (cap < NULL_HEADER) {
    fault(f, FAULT_TRUNCATED, NULL_HEADER, cap);
    return place;
  }
  const word = load<u32>(p);
  const family = word > 0xffff ? bswap<u32>(word) : word;
  const rest = cap - NULL_HEADER;
  if (family == 2) return ipv4(f, p + NULL_HEADER, rest, len - NULL_HEADER, place);
  if (family == 10 || family == 24 || family == 28 || family == 30) {
    return ipv6(f, p + NULL_HEADER, rest, len - NULL_HEADER, place);
  }
  fault(f, FAULT_NOT_IP, 0, 0);
  return place;
}

/** Link types other than Ethernet. */
function otherLink(
  f: FrameRecord,
  link: Link,
  p: usize,
  cap: u32,
  len: u32,
  said: u32,
  frame: u64,
): u32 {
  switch (link.linkType) {
    case LINKTYPE_SLL:
    case LINKTYPE_SLL2:
      return cooked(f, link, p, cap, len, frame);
    case LINKTYPE_RAW:
    case LINKTYPE_RAW_12:
    case LINKTYPE_RAW_14:
    case LINKTYPE_IPV4:
    case LINKTYPE_IPV6:
      return raw(f, link, p, cap, len, said);
    case LINKTYPE_NULL:
    case LINKTYPE_LOOP:
      return loopback(f, link, p, cap, len, said);
    default:
      fault(f, FAULT_LINK_TYPE, 0, link.linkType);
      return placeBare(link.iface, said, at);
  }
}

/**
 * Decodes one captured packet into `f`: `cap` bytes at `p` of a frame of `frameLen`, captured at
 * `time`, `said` the direction that the record carries (DIRECTION_*), `frame` its number.
 */
export function decodeFrame(
  f: FrameRecord,
  state: CaptureState,
  link: Link,
  p: usize,
  cap: u32,
  frameLen: u32,
  time: u64,
  said: u32,
  frame: u64,
): void {
  const len = frameLen < cap ? cap : frameLen; // some writers leave the original length out
  memory.fill(changetype<usize>(f), 0, offsetof<FrameRecord>());
  f.tsNanos = time;
  f.frameLen = frameLen;
  let place: u32;
  if (link.linkType == LINKTYPE_ETHERNET) {
    place = ethernet(f, link, p, cap, len, said);
    if (place & PLACE_LEARN) fdbLearn(placeIface(place), p + 6, frame);
  } else {
    place = otherLink(f, link, p, cap, len, said, frame);
  }
  f.iface = <u16>placeIface(place);
  f.direction = <u8>placeDirection(place);
  f.pktType = <u8>placePktType(place);
  rarities(f, state, place);
  noteInner(f, state, frame);
  if (f.fault != FAULT_NONE) return;
  f.plain = isPlain(f) ? 1 : 0;
  if (place & PLACE_LEARN && f.l2 != 0) {
    neighbourLearn(placeIface(place), f.family, f.l3, macAt(<usize>f.l2 + 6), frame);
  }
  if (isDefragCandidate(f.flags, f.family == FAMILY_V4 ? 0 : fragmentHeader)) {
    queueFragment(f, state, f.vlan, time);
  }
}

/** What is counted for the report. */
function rarities(f: FrameRecord, state: CaptureState, place: u32): void {
  if (place & PLACE_GUESSED) {
    f.flags |= <u16>FRAME_NO_IFACE;
    addFact(state, FACT_NO_IFACE, 1);
  }
  if (f.flags & FRAME_SNAPPED) addFact(state, FACT_SNAPPED, 1);
}
