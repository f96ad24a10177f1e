/**
 * Where a frame was: the interface it crossed, in which direction, and for whom the link layer
 * meant it. In order of trust: what the capture says (interface name or index, direction), MAC
 * addresses against the host's, the embedder's `--at`, IP addresses against connected subnets.
 *
 * A Place packs the answer into 32 bits, so that answers by MAC pair can be cached:
 *
 *      31            24 23      20 19       16 15                         0
 *     ┌────────────────┬──────────┬───────────┬────────────────────────────┐
 *     │ PLACE_* flags  │ pktType  │ direction │ iface                      │
 *     └────────────────┴──────────┴───────────┴────────────────────────────┘
 */
import {
  DIRECTION_IN,
  DIRECTION_OUT,
  DIRECTION_UNKNOWN,
  FAMILY_V4,
  FRAME_ETHERNET,
  IFACE_LOOPBACK,
  IFACE_PORT,
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
  PACKET_OUTGOING,
} from '../abi';
import { fdbPort } from '../bridge/fdb';
import { ifaceAt } from '../host';
import { allocate } from '../memory';
import {
  attachMacs,
  ifaceTowards,
  loopback,
  MAC_KEY,
  macAt,
  macOf,
  ownerOfMac,
} from './macs';
import { isPlainPlace } from './plain';

/** Neither interface nor MACs tell: decide by IP addresses (see between.ts). */
export const PLACE_BY_ADDRESS: u32 = 1 << 24;
/** Came in on a bridge port: the bridge learns the source MAC. */
export const PLACE_LEARN: u32 = 1 << 25;
/** Guessed from addresses (FRAME_NO_IFACE). */
export const PLACE_GUESSED: u32 = 1 << 26;

@inline
export function placeIface(place: u32): u32 {
  return place & 0xffff;
}
@inline
export function placeDirection(place: u32): u32 {
  return (place >> 16) & 15;
}
@inline
export function placePktType(place: u32): u32 {
  return (place >> 20) & 15;
}

/** Whether frames at this place may be plain. */
@inline
export function isPlainAt(place: u32): bool {
  return isPlainPlace(placeIface(place), placeDirection(place), placePktType(place));
}

@inline
export function pack(iface: u32, direction: u32, pktType: u32, flags: u32): u32 {
  return iface | (direction << 16) | (pktType << 20) | flags;
}

const BROADCAST_MAC: u64 = 0xffffffffffff;

/** Prepares this worker. False when memory runs out. */
export function attachPlaces(): bool {
  cache = allocate(CACHE_SIZE * CACHE_ENTRY);
  return cache != 0 && attachMacs();
}

// --- Ethernet -----------------------------------------------------------------------------------

/**
 * Answers for pairs of MACs, direct-mapped; 32 bytes each:
 *
 *     0 first 8 bytes of the frame │ 8 the other 4, what the capture says + 1, flags of the place
 *    16 template: bytes 40 to 55 of a FrameRecord, as for the usual frame (usual.ts)
 */
const CACHE_ENTRY: usize = 32;
const CACHE_SIZE: usize = 256;
const ENTRY_MASK: usize = (CACHE_SIZE - 1) * CACHE_ENTRY;
const ENTRY_SHIFT: u64 = 35;
let cache: usize = 0;

const ENTRY_REST: usize = 8;
const ENTRY_FLAGS_SHIFT: u64 = 38; // of PLACE_BY_ADDRESS and PLACE_LEARN, into the topmost bits
/** The frame's addresses complete the place (see between.ts). */
export const ENTRY_BY_ADDRESS: u64 = (<u64>PLACE_BY_ADDRESS) << ENTRY_FLAGS_SHIFT;
const ENTRY_FLAGS: u64 = (<u64>(PLACE_BY_ADDRESS | PLACE_LEARN)) << ENTRY_FLAGS_SHIFT;
export const PLACE_TEMPLATE: usize = 16;
const TEMPLATE_IFACE: usize = PLACE_TEMPLATE + 2;
const TEMPLATE_FAMILY: usize = PLACE_TEMPLATE + 6;
const TEMPLATE_PKT_TYPE: usize = PLACE_TEMPLATE + 11;
export const TEMPLATE_DIRECTION: usize = PLACE_TEMPLATE + 12;
const TEMPLATE_PLAIN: usize = PLACE_TEMPLATE + 13;
const TEMPLATE_FLAGS: usize = PLACE_TEMPLATE + 14;
const PLAIN_HEADER: u16 = 20; // of IPv4, without options

/** The last four MAC bytes, and what the capture says of the place; never 0. */
@inline
function restOfKey(l2: usize, iface: u32, direction: u32): u64 {
  return <u64>load<u32>(l2, 8) | (<u64>((iface | (direction << 16)) + 1) << 32);
}

/** Address of the entry where the place of the Ethernet frame at `l2` is, if it is known. */
@inline
export function placeEntry(l2: usize, iface: u32, direction: u32): usize {
  const h = (load<u64>(l2) ^ rotl<u64>(restOfKey(l2, iface, direction), 17)) * MAC_KEY;
  return cache + (<usize>(h >> ENTRY_SHIFT) & ENTRY_MASK);
}

/** Whether an entry is of a frame's MACs but for the last four bytes. */
@inline
export function isOfMacs(entry: usize, l2: usize): bool {
  return load<u64>(entry) == load<u64>(l2);
}

/**
 * What else differs between the keys of an entry and of a frame: 0, or flags of the place (ENTRY_*),
 * if the entry is of this frame's place.
 */
@inline
export function differences(entry: usize, l2: usize, iface: u32, direction: u32): u64 {
  return load<u64>(entry, ENTRY_REST) ^ restOfKey(l2, iface, direction);
}

/** The place of an entry. */
@inline
export function placeOf(entry: usize): u32 {
  const flags = <u32>((load<u64>(entry, ENTRY_REST) & ENTRY_FLAGS) >> ENTRY_FLAGS_SHIFT);
  const direction = <u32>load<u8>(entry, TEMPLATE_DIRECTION);
  const pktType = <u32>load<u8>(entry, TEMPLATE_PKT_TYPE);
  return pack(load<u16>(entry, TEMPLATE_IFACE), direction, pktType, flags);
}

/**
 * Place of the frame with the Ethernet header at `l2`. `iface` and `direction` are what the capture
 * says (0: nothing), `at` the embedder's iface | direction << 16 for frames that nothing else
 * places.
 */
export function placeEthernet(l2: usize, iface: u32, direction: u32, at: u32): u32 {
  const entry = placeEntry(l2, iface, direction);
  const apart = differences(entry, l2, iface, direction);
  if (isOfMacs(entry, l2) && (apart & ~ENTRY_FLAGS) == 0) return placeOf(entry);
  const place = placeByMac(macAt(l2), macAt(l2 + 6), iface, direction, at);
  const flags = <u64>place << ENTRY_FLAGS_SHIFT & ENTRY_FLAGS;
  store<u64>(entry, load<u64>(l2));
  store<u64>(entry, restOfKey(l2, iface, direction) | flags, ENTRY_REST);
  store<u64>(entry, 0, PLACE_TEMPLATE);
  store<u64>(entry, 0, PLACE_TEMPLATE + 8);
  store<u16>(entry, PLAIN_HEADER, PLACE_TEMPLATE);
  store<u16>(entry, <u16>placeIface(place), TEMPLATE_IFACE);
  store<u8>(entry, <u8>FAMILY_V4, TEMPLATE_FAMILY);
  store<u8>(entry, <u8>placePktType(place), TEMPLATE_PKT_TYPE);
  store<u8>(entry, <u8>placeDirection(place), TEMPLATE_DIRECTION);
  store<u8>(entry, isPlainAt(place) ? 1 : 0, TEMPLATE_PLAIN);
  store<u16>(entry, <u16>FRAME_ETHERNET, TEMPLATE_FLAGS);
  return place;
}

function placeByMac(dst: u64, src: u64, named: u32, said: u32, at: u32): u32 {
  let iface = named;
  let direction = said;
  let trusted = true; // the frame is known to be on this interface of this host
  if (iface == 0) {
    const from = ownerOfMac(src);
    const to = ownerOfMac(dst);
    const towards = ifaceTowards(src);
    if (from != 0 && direction != DIRECTION_IN) {
      iface = from;
      direction = DIRECTION_OUT;
    } else if (to != 0 && direction != DIRECTION_OUT) {
      iface = to;
      direction = DIRECTION_IN;
    } else if (towards != 0 && direction != DIRECTION_OUT) {
      iface = towards;
      direction = DIRECTION_IN;
    } else if (direction == DIRECTION_OUT && ifaceTowards(dst) != 0) {
      iface = ifaceTowards(dst);
    } else {
      trusted = false;
      iface = at & 0xffff;
      if (at >> 16 != 0) direction = at >> 16;
    }
  }
  if (iface == 0) {
    return pack(0, direction, groupOf(dst, PACKET_HOST), PLACE_BY_ADDRESS);
  }
  if (direction == DIRECTION_UNKNOWN) direction = directionOn(iface, dst, src);
  if (direction == DIRECTION_OUT) return pack(iface, direction, PACKET_OUTGOING, 0);
  const learn = ifaceAt(iface).kind == IFACE_PORT ? PLACE_LEARN : 0;
  return pack(iface, direction, trusted ? pktTypeOn(iface, dst) : groupOf(dst, PACKET_HOST), learn);
}

/** Direction of a frame on a known interface: whose MAC is the source? */
function directionOn(id: u32, dst: u64, src: u64): u32 {
  const iface = ifaceAt(id);
  if (iface.kind == IFACE_LOOPBACK || src == 0) return DIRECTION_IN;
  if (src == macOf(iface)) return DIRECTION_OUT;
  if (iface.kind != IFACE_PORT) return DIRECTION_IN;
  if (ownerOfMac(src) == <u32>iface.master) return DIRECTION_OUT;
  // What the bridge has learned of the source; its first frame is seen where it comes in.
  const port = fdbPort(iface.master, src, u64.MAX_VALUE);
  return port == 0 || port == id ? DIRECTION_IN : DIRECTION_OUT;
}

/** skb->pkt_type as eth_type_trans() and br_handle_frame() set it for a received frame. */
function pktTypeOn(id: u32, dst: u64): u32 {
  const iface = ifaceAt(id);
  const own = macOf(iface);
  if (own == 0 || dst == own || iface.kind == IFACE_LOOPBACK) return groupOf(dst, PACKET_HOST);
  if (iface.kind == IFACE_PORT && dst == macOf(ifaceAt(iface.master))) return PACKET_HOST;
  return groupOf(dst, PACKET_OTHERHOST);
}

@inline
function groupOf(dst: u64, otherwise: u32): u32 {
  if (dst & 1) return dst == BROADCAST_MAC ? PACKET_BROADCAST : PACKET_MULTICAST;
  return otherwise;
}

// --- Linux cooked captures --------------------------------------------------------------------

const ARPHRD_LOOPBACK: u32 = 772;

/**
 * Place of a cooked frame: `pktType` as captured, `arphrd` the kind of device, `src` the address of
 * the sender's link address or 0, `iface` from the interface index or 0. Version 1 names no
 * interface, but a bridge's port and the bridge differ in packet type: the same frame is for
 * another host on the port, and for us on the bridge.
 */
export function placeCooked(pktType: u32, arphrd: u32, src: usize, iface: u32, at: u32): u32 {
  const direction: u32 = pktType == PACKET_OUTGOING ? DIRECTION_OUT : DIRECTION_IN;
  if (iface == 0 && arphrd == ARPHRD_LOOPBACK) iface = loopback;
  if (iface == 0 && src != 0) {
    const mac = macAt(src);
    if (direction == DIRECTION_OUT) {
      iface = ownerOfMac(mac);
    } else {
      iface = ifaceTowards(mac);
      if (iface != 0 && pktType == PACKET_HOST && ifaceAt(iface).kind == IFACE_PORT) {
        iface = ifaceAt(iface).master;
      }
    }
  }
  if (iface == 0) iface = at & 0xffff;
  if (iface == 0) return pack(0, direction, pktType, PLACE_BY_ADDRESS);
  const learns = direction == DIRECTION_IN && src != 0 && ifaceAt(iface).kind == IFACE_PORT;
  return pack(iface, direction, pktType, learns ? PLACE_LEARN : 0);
}

/** Place of a frame without link addresses. */
export function placeBare(iface: u32, direction: u32, at: u32): u32 {
  if (iface == 0) {
    iface = at & 0xffff;
    if (at >> 16 != 0) direction = at >> 16;
  }
  if (iface == 0 || (direction == DIRECTION_UNKNOWN && ifaceAt(iface).kind != IFACE_LOOPBACK)) {
    return pack(iface, direction, PACKET_HOST, PLACE_BY_ADDRESS);
  }
  if (direction == DIRECTION_UNKNOWN) direction = DIRECTION_IN;
  return pack(iface, direction, direction == DIRECTION_OUT ? PACKET_OUTGOING : PACKET_HOST, 0);
}
