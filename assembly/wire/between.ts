/**
 * Where a frame was that neither capture nor link addresses place: between which addresses it goes
 * tells the direction, and the subnet or route of the one outside tells the interface.
 */
import {
  DIRECTION_IN,
  DIRECTION_OUT,
  DIRECTION_UNKNOWN,
  FAMILY_V4,
  PACKET_BROADCAST,
  PACKET_OUTGOING,
} from '../abi';
import { loopback } from './macs';
import { pack, PLACE_GUESSED, placeDirection, placeIface, placePktType } from './place';
import { KNOWN_IFACE, KNOWN_OWN, knownOf, knownV4, uplink } from './subnet';

const BROADCAST: u32 = 0xffffffff;

/** Completes a PLACE_BY_ADDRESS place from the addresses at `src` and `dst` (network order). */
export function placeByAddress(place: u32, family: u32, src: usize, dst: usize): u32 {
  const isForAll = family == FAMILY_V4 && load<u32>(dst) == BROADCAST;
  const from = knownOf(family, src);
  return placeBetween(place, from, knownOf(family, dst), uplink(family), isForAll);
}

/** The same of IPv4 addresses in host order. Calls no function. */
@inline
export function placeBetweenV4(place: u32, src: u32, dst: u32): u32 {
  return placeBetween(place, knownV4(src), knownV4(dst), uplink(FAMILY_V4), dst == BROADCAST);
}

/** The same by what the host knows of both addresses (KNOWN_* of subnet.ts). */
@inline
function placeBetween(place: u32, from: u32, to: u32, uplink: u32, isForAll: bool): u32 {
  const named = placeIface(place);
  let iface = named;
  let direction = placeDirection(place);
  if (direction == DIRECTION_UNKNOWN) {
    direction = from & ~to & KNOWN_OWN ? DIRECTION_OUT : DIRECTION_IN;
    if (named != 0) {
      const leadsOut = (to & KNOWN_IFACE) == named && (from & KNOWN_IFACE) != named;
      if (leadsOut && !(to & KNOWN_OWN)) direction = DIRECTION_OUT;
    } else if (from & to & KNOWN_OWN) {
      iface = loopback;
    }
  }
  if (iface == 0) iface = (direction == DIRECTION_IN ? from : to) & KNOWN_IFACE;
  if (iface == 0) iface = uplink;
  let pktType = placePktType(place);
  if (direction == DIRECTION_OUT) pktType = PACKET_OUTGOING;
  else if (isForAll) pktType = PACKET_BROADCAST;
  return pack(iface, direction, pktType, named != 0 ? 0 : PLACE_GUESSED);
}
