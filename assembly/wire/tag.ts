/**
 * Where the tag of an 802.1Q or 802.1ad frame leads, as __netif_receive_skb_core() (net/core/dev.c)
 * decides it: to the VLAN device of the interface, else into the interface's bridge, tag and all,
 * else nowhere: IP takes such a frame for another host's.
 */
import {
  DIRECTION_IN,
  DIRECTION_OUT,
  DIRECTION_UNKNOWN,
  FRAME_VLAN,
  FRAME_VLAN_DEVICE,
  IFACE_PORT,
  PACKET_HOST,
  PACKET_OTHERHOST,
  PACKET_OUTGOING,
  TAG_8021AD,
} from '../abi';
import { ifaceAt } from '../host';
import { Iface } from '../image';
import { FrameRecord } from '../packet';
import { anyVlanDevice, isPriorityTag, vlanDevice } from '../vlan';
import { isMacOf } from './macs';
import {
  pack,
  PLACE_BY_ADDRESS,
  PLACE_GUESSED,
  PLACE_LEARN,
  placeDirection,
  placeIface,
  placePktType,
} from './place';

const ETHERTYPE_8021Q: u32 = 0x8100;
const ETHERTYPE_8021AD: u32 = 0x88a8;
const VLAN_ID: u32 = 0xfff;
/** Of older kinds of tags, which Linux does not take for such (eth_type_vlan). */
const TAG_UNKNOWN: u32 = 0x4000;

/** The tag that a frame carries, as Iface.vlan has it. */
export function tagOf(ethertype: u32, control: u32): u32 {
  const id = control & VLAN_ID;
  if (ethertype == ETHERTYPE_8021Q) return id;
  return id | (ethertype == ETHERTYPE_8021AD ? TAG_8021AD : TAG_UNKNOWN);
}

/**
 * Place of a frame behind its tag. `named`: the capture itself says the interface, else it is known
 * by a MAC address only, which a VLAN device shares with the interface below it. `l2`: the Ethernet
 * header, or 0; `said` the direction that the capture says. Where the tag leads nowhere, or to a
 * bridge, the frame keeps it: FRAME_VLAN.
 */
export function placeTagged(
  f: FrameRecord,
  place: u32,
  tag: u32,
  named: bool,
  l2: usize,
  said: u32,
): u32 {
  const id = placeIface(place);
  if (place & PLACE_BY_ADDRESS || id == 0) return keepTag(f, place, tag);
  const iface = ifaceAt(id);
  let device = vlanDevice(id, tag);
  if (device == 0 && !named && iface.lower != 0) {
    device = <u32>iface.vlan == tag ? id : vlanDevice(iface.lower, tag);
  }
  if (device != 0) return onDevice(f, place, device, l2, said);
  if (iface.kind == IFACE_PORT) return keepTag(f, place, tag);
  if (isPriorityTag(tag)) return place;
  return nowhere(f, place, tag);
}

/** The same for a frame whose place had to be guessed from its addresses: by its first tag. */
export function placeGuessedTag(f: FrameRecord, place: u32): u32 {
  const tag = <u32>f.vlan;
  const id = placeIface(place);
  if (!(place & PLACE_GUESSED) || id == 0) return place;
  const iface = ifaceAt(id);
  let device = iface.lower != 0 && <u32>iface.vlan == tag ? id : vlanDevice(id, tag);
  if (device == 0) device = anyVlanDevice(tag);
  f.flags &= ~(<u16>FRAME_VLAN);
  if (device != 0) return onDevice(f, place, device, 0, DIRECTION_IN);
  if (iface.kind == IFACE_PORT) return keepTag(f, place, tag);
  return isPriorityTag(tag) ? place : nowhere(f, place, tag);
}

function keepTag(f: FrameRecord, place: u32, tag: u32): u32 {
  f.flags |= <u16>FRAME_VLAN;
  f.vlan = <u16>tag;
  return place;
}

/** Received, IP drops it; sent, it was not IP that sent it. */
function nowhere(f: FrameRecord, place: u32, tag: u32): u32 {
  keepTag(f, place, tag);
  const direction = placeDirection(place);
  if (direction == DIRECTION_OUT) return pack(0, direction, PACKET_OUTGOING, 0);
  return pack(placeIface(place), direction, PACKET_OTHERHOST, 0);
}

function onDevice(f: FrameRecord, place: u32, id: u32, l2: usize, said: u32): u32 {
  f.flags |= <u16>FRAME_VLAN_DEVICE;
  const device: Iface = ifaceAt(id);
  let direction = placeDirection(place);
  let pktType = placePktType(place);
  if (l2 != 0 && said == DIRECTION_UNKNOWN && isMacOf(device, l2 + 6)) direction = DIRECTION_OUT;
  const guessed = place & PLACE_GUESSED;
  if (direction == DIRECTION_OUT) return pack(id, direction, PACKET_OUTGOING, guessed);
  if (l2 != 0 && pktType == PACKET_OTHERHOST && isMacOf(device, l2)) pktType = PACKET_HOST;
  const learn = device.kind == IFACE_PORT ? PLACE_LEARN : 0;
  return pack(id, direction, pktType, learn | guessed);
}
