/** The core's front alone, for tests: memory, attachment, slots, checksums. */
import { attachFdb, createFdb, fdbPort } from '../../assembly/bridge/fdb';
import { attachHost } from '../../assembly/host';
import { internImageAddress } from '../../assembly/address';
import { allocate } from '../../assembly/memory';
import { Packet } from '../../assembly/packet';
import { Slot } from '../../assembly/slot';
import { transportChecksumOk } from '../../assembly/wire';

export {
  addCaptureNatRange,
  attachWire,
  captureFact,
  carryTail,
  createCaptureState,
  finishFragments,
  front,
  createSlot,
  ownerOfTuple,
  setAt,
} from '../../assembly/wire';

export function alloc(bytes: usize): usize {
  return allocate(bytes);
}

export function slotSize(): usize {
  return offsetof<Slot>();
}

/** Loads the image into this instance and gives it a forwarding database. */
export function attach(image: usize): bool {
  if (!attachHost(image)) return false;
  const fdb = createFdb();
  attachFdb(fdb);
  return fdb != 0;
}

/** Port behind which the bridge learned the MAC (48 bits, as loaded from memory). */
export function portOf(bridge: u32, mac: u64): u32 {
  return fdbPort(bridge, mac, <u64>-1);
}

export function handleOf(family: u32, ptr: usize): u32 {
  return internImageAddress(family, ptr);
}

/** transportChecksumOk() of the IP packet at `l3`. */
export function checksumOk(
  family: u32,
  proto: u32,
  l3: usize,
  l4Off: u32,
  l4Cap: u32,
  l4Len: u32,
): bool {
  const p = changetype<Packet>(allocate(offsetof<Packet>()));
  p.family = <u8>family;
  p.proto = <u8>proto;
  p.l3 = <u32>l3;
  p.l4 = <u32>l3 + l4Off;
  p.l4Cap = l4Cap;
  p.l4Len = l4Len;
  return transportChecksumOk(p);
}
