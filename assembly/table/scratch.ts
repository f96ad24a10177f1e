/** Buffers that the builder uses again for every chain. They grow and are never given back. */
import { allocate } from '../memory';

export const SCRATCH_CONDITIONS: u32 = 0;
export const SCRATCH_HEADS: u32 = 1;
export const SCRATCH_EVENTS: u32 = 2;
export const SCRATCH_ROW: u32 = 3;
export const SCRATCH_USUAL: u32 = 4;
export const SCRATCH_DIFFERS: u32 = 5;
export const SCRATCH_FILLED: u32 = 6;
export const SCRATCH_KEYS: u32 = 7;
export const SCRATCH_SORT: u32 = 8;
export const SCRATCH_RESIDUALS: u32 = 9;
export const SCRATCH_BOXES: u32 = 10;
export const SCRATCH_LISTS: u32 = 11;
export const SCRATCH_TALLY: u32 = 12;
const SLOTS: usize = 13;

let slots: usize = 0; // {u32 address, u32 bytes} per buffer

/**
 * The buffer of `slot`, with room for `bytes`; its first `keep` bytes survive. 0: out of memory.
 */
export function scratch(slot: u32, bytes: usize, keep: usize = 0): usize {
  if (slots == 0) slots = allocate(SLOTS * 8);
  if (slots == 0) return 0;
  const entry = slots + <usize>slot * 8;
  const at = <usize>load<u32>(entry);
  if (at != 0 && <usize>load<u32>(entry, 4) >= bytes) return at;
  const room = bytes + bytes / 2 + 64;
  const fresh = allocate(room);
  if (fresh == 0) return 0;
  if (keep > 0) memory.copy(fresh, at, keep);
  store<u32>(entry, <u32>fresh);
  store<u32>(entry, <u32>room, 4);
  return fresh;
}

/** The same, filled with zeroes. */
export function cleanScratch(slot: u32, bytes: usize): usize {
  const at = scratch(slot, bytes);
  if (at != 0) memory.fill(at, 0, bytes);
  return at;
}
