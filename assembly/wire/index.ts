/**
 * From capture bytes to decoded frames. A worker attaches once per capture; then whoever holds the
 * front's token calls front() for the next slot. Depends on the image and the forwarding database
 * only: nothing here knows of rules or connections.
 */
import {
  FRAME_RECORD_SIZE,
  RESULT_RECORD_SIZE,
  SLOT_DATA_BYTES,
  SLOT_HEADROOM_BYTES,
  SLOT_MAX_FRAMES,
  SLOT_REASSEMBLY_BYTES,
} from '../abi';
import { attachHost } from '../host';
import { attachVlans } from '../vlan';
import { allocate } from '../memory';
import { Slot } from '../slot';
import { attachDefrag, finishReassembly } from './defrag';
import { newDefrag } from './frag-memory';
import { CHECKSUM_SLACK } from './checksum';
import { decodeSlot, factOf } from './front';
import { attachImports } from './imports';
import { attachInner } from './inner';
import { attachOwners } from './owner';
import { attachPlaces } from './place';
import { CaptureState, newCaptureState } from './state';
import { attachSubnets } from './subnet';
import { addNatRange } from './translatable';

export { transportChecksumOk } from './checksum';
export { carryTail } from './front';
export { ownerOfTuple } from './owner';

let attached = changetype<CaptureState>(0);

/** Shared state for reading one capture that `workers` workers judge; 0: out of memory. */
export function createCaptureState(workers: u32): usize {
  const at = newCaptureState(workers);
  const defrag = newDefrag();
  if (at == 0 || defrag == 0) return 0;
  changetype<CaptureState>(at).defrag = <u32>defrag;
  return at;
}

/** Where frames are that nothing else places; before the first slot. 0: not given. */
export function setAt(state: usize, iface: u32, direction: u32): void {
  changetype<CaptureState>(state).atIface = <u16>iface;
  changetype<CaptureState>(state).atDirection = <u16>direction;
}

/**
 * Adds a range that NAT rules match on or translate to, before any worker attaches, so that the
 * choice of owners leaves it out. `min` and `max` point to 16 bytes, network order. False: out of
 * memory.
 */
export function addCaptureNatRange(state: usize, family: u32, min: usize, max: usize): bool {
  return addNatRange(changetype<CaptureState>(state), family, min, max);
}

/** Prepares this worker, one of `workers`, to read the capture. False: bad image, or no memory. */
export function attachWire(image: usize, state: usize, workers: u32): bool {
  attached = changetype<CaptureState>(state);
  if (state == 0 || !attachHost(image)) return false;
  attachDefrag();
  if (!attachImports() || !attachSubnets() || !attachVlans()) return false;
  return attachInner() && attachPlaces() && attachOwners(attached, workers);
}

/** A slot of the ring, shared; `withResults`: with a ResultRecord per frame. 0: no memory. */
export function createSlot(withResults: u32): usize {
  const slot = changetype<Slot>(allocate(offsetof<Slot>()));
  const data = allocate(SLOT_HEADROOM_BYTES + SLOT_DATA_BYTES + CHECKSUM_SLACK);
  const frames = allocate(SLOT_MAX_FRAMES * FRAME_RECORD_SIZE);
  const reassembly = allocate(SLOT_REASSEMBLY_BYTES + CHECKSUM_SLACK);
  const owners = allocate(SLOT_MAX_FRAMES + offsetof<v128>());
  if (changetype<usize>(slot) == 0 || data == 0 || frames == 0 || reassembly == 0) return 0;
  if (owners == 0) return 0;
  slot.data = <u32>data + SLOT_HEADROOM_BYTES;
  slot.frames = <u32>frames;
  slot.reassembly = <u32>reassembly;
  slot.owners = <u32>owners;
  if (withResults != 0) {
    const results = allocate(SLOT_MAX_FRAMES * RESULT_RECORD_SIZE);
    if (results == 0) return 0;
    slot.results = <u32>results;
  }
  return changetype<usize>(slot);
}

/** See decodeSlot(). */
export function front(slot: Slot): u32 {
  return decodeSlot(slot, attached);
}

/** A fact of the capture read so far: FACT_* of abi-capture.ts. */
export function captureFact(state: usize, fact: u32): u64 {
  return factOf(changetype<CaptureState>(state), fact);
}

/** Whether a frame before this one came in on a bridge or by a port: forwarding is visible. */
export function isInnerSeen(frame: u64): bool {
  const first = attached.innerFrom;
  return first != 0 && first < frame;
}

/**
 * Whether frames had come in below interface `iface` before frame `frame`: by a port of the bridge,
 * or with the tag of the VLAN device.
 */
export function isSeenBelow(iface: u32, frame: u64): bool {
  const at = <usize>attached.belowFrom;
  if (at == 0) return false;
  const first = load<u64>(at + (<usize>iface << 3));
  return first != 0 && first < frame;
}

/** After the last slot: gives up incomplete datagrams; returns how many there were. */
export function finishFragments(): u32 {
  return finishReassembly(attached);
}
