/**
 * Room for the datagrams of a slot: its own area, then blocks that stay with the slot once they
 * were needed.
 */
import { SLOT_REASSEMBLY_BYTES } from '../abi';
import { allocate } from '../memory';
import { Slot } from '../slot';
import { CaptureState } from './state';

/** A block for the datagrams of a slot whose own area is full. */
@unmanaged
class OverflowBlock {
  next: u32;
  slot: u32;
  used: u32;
  bytes: u32;
}
const OVERFLOW_BYTES: u32 = 1 << 20;

let areaNext: usize = 0;
let areaEnd: usize = 0;
let slotAt: u32 = 0;

/** Starts a slot: its reassembly area is empty. */
export function beginReassembly(slot: Slot, state: CaptureState): void {
  areaNext = slot.reassembly;
  areaEnd = slot.reassembly == 0 ? 0 : areaNext + SLOT_REASSEMBLY_BYTES;
  slotAt = <u32>changetype<usize>(slot);
  let block = changetype<OverflowBlock>(<usize>state.overflow);
  while (changetype<usize>(block) != 0) {
    if (block.slot == slotAt) block.used = 0;
    block = changetype<OverflowBlock>(<usize>block.next);
  }
}

/** Room for a datagram that lives as long as the slot's frames; 0 when memory runs out. */
export function room(state: CaptureState, bytes: u32): usize {
  const size = (bytes + 15) & ~15;
  if (areaNext + size <= areaEnd) {
    const at = areaNext;
    areaNext += size;
    return at;
  }
  let block = changetype<OverflowBlock>(<usize>state.overflow);
  while (changetype<usize>(block) != 0) {
    if (block.slot == slotAt && block.used + size <= block.bytes) break;
    block = changetype<OverflowBlock>(<usize>block.next);
  }
  if (changetype<usize>(block) == 0) {
    const at = allocate(offsetof<OverflowBlock>() + <usize>OVERFLOW_BYTES);
    if (at == 0) return 0;
    block = changetype<OverflowBlock>(at);
    block.next = state.overflow;
    block.slot = slotAt;
    block.used = 0;
    block.bytes = OVERFLOW_BYTES;
    state.overflow = <u32>at;
  }
  const at = changetype<usize>(block) + offsetof<OverflowBlock>() + block.used;
  block.used += size;
  return at;
}

