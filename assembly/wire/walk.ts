/**
 * What the walks over both formats share: where they are in a slot, and how they stop. A record
 * that is not whole ends the walk of the slot and is carried to the next one; at the end of the
 * capture, or when it cannot be a record, it is a fault and ends the walk for good.
 */
import { SLOT_MAX_FRAMES } from '../abi';
import { CAPTURE_CUT } from '../abi-capture';
import { FrameRecord } from '../packet';
import { Slot } from '../slot';
import { CaptureState } from './state';

/** Ends the walk for good at the record at `p`. */
export function stop(
  slot: Slot,
  state: CaptureState,
  p: usize,
  status: u32,
  need: u32,
  have: u32,
): void {
  const offset = slot.fileOffset + <u64>(p - <usize>slot.dataStart);
  stopAt(slot, state, offset, status, need, have);
}

/** The same, at the record that begins at `offset` in the file. */
export function stopAt(
  slot: Slot,
  state: CaptureState,
  offset: u64,
  status: u32,
  need: u32,
  have: u32,
): void {
  slot.status = status;
  slot.need = need;
  slot.have = have;
  slot.faultOffset = offset;
  state.status = status;
}

/** The record at `p` needs `need` bytes and has `have`: wait for the next slot, if there is one. */
export function incomplete(slot: Slot, state: CaptureState, p: usize, need: u32, have: u32): void {
  if (slot.last != 0 && have != 0) stop(slot, state, p, CAPTURE_CUT, need, have);
}

@inline
export function frameAt(slot: Slot, index: u32): FrameRecord {
  return changetype<FrameRecord>(<usize>slot.frames + (<usize>index << 6));
}

/** Number of a record of the slot, counted from 0. */
@inline
export function frameIndex(slot: Slot, f: FrameRecord): u32 {
  return (<u32>changetype<usize>(f) - slot.frames) >> 6;
}

@inline
export function isFull(count: u32): bool {
  return count == <u32>SLOT_MAX_FRAMES;
}
