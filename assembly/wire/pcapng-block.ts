/** Blocks of pcapng files: their kinds, their lengths, and whether they are there whole. */
import { SLOT_HEADROOM_BYTES } from '../abi';
import {
  CAPTURE_BLOCK_LENGTH,
  CAPTURE_BLOCK_SIZE,
  CAPTURE_BLOCK_TOO_LONG,
  CAPTURE_CUT,
} from '../abi-capture';
import { Slot } from '../slot';
import { CaptureState } from './state';
import { incomplete, stop, stopAt } from './walk';

export const BLOCK_SECTION: u32 = 0x0a0d0d0a; // the same in both byte orders
export const BLOCK_INTERFACE: u32 = 1;
export const BLOCK_PACKET: u32 = 2; // obsolete
export const BLOCK_SIMPLE: u32 = 3;
export const BLOCK_ENHANCED: u32 = 6;
export const BLOCK_JOURNAL: u32 = 9; // systemd's
export const BLOCK_CUSTOM: u32 = 0xbad; // may be copied into other files, or …
export const BLOCK_CUSTOM_LOCAL: u32 = 0x40000bad; // … must not

const BLOCK_HEADER: u32 = 8;
export const BLOCK_TRAILER: u32 = 4;
export const BLOCK_MIN: u32 = BLOCK_HEADER + BLOCK_TRAILER;
export const SECTION_OPTIONS: u32 = 24;
const SECTION_MIN: u32 = SECTION_OPTIONS + BLOCK_TRAILER;
export const INTERFACE_OPTIONS: u32 = 16;
const INTERFACE_MIN: u32 = INTERFACE_OPTIONS + BLOCK_TRAILER;
export const SIMPLE_DATA: u32 = 12;
export const SIMPLE_MIN: u32 = SIMPLE_DATA + BLOCK_TRAILER;
export const CUSTOM_MIN: u32 = 16;
export const PACKET_DATA: u32 = 28;
export const PACKET_MIN: u32 = PACKET_DATA + BLOCK_TRAILER;

@inline
export function word(at: usize, swapped: u32): u32 {
  const w = load<u32>(at);
  return swapped ? bswap<u32>(w) : w;
}

@inline
export function half(at: usize, swapped: u32): u32 {
  const h = load<u16>(at);
  return <u32>(swapped ? bswap<u16>(h) : h);
}

@inline
export function padded(bytes: u32): u32 {
  return (bytes + 3) & ~3;
}

/** Least length of a block of this type. */
function leastLength(type: u32): u32 {
  if (type == BLOCK_SECTION) return SECTION_MIN;
  if (type == BLOCK_INTERFACE) return INTERFACE_MIN;
  if (type == BLOCK_SIMPLE) return SIMPLE_MIN;
  if (type == BLOCK_ENHANCED || type == BLOCK_PACKET) return PACKET_MIN;
  return isBareRecord(type) && type != BLOCK_JOURNAL ? CUSTOM_MIN : BLOCK_MIN;
}

/** Whether a block that holds no packet counts as a frame. */
export function isBareRecord(type: u32): bool {
  return type == BLOCK_CUSTOM || type == BLOCK_CUSTOM_LOCAL || type == BLOCK_JOURNAL;
}

/** Whether a block counts as a frame. */
export function isRecord(type: u32): bool {
  return (
    type == BLOCK_ENHANCED || type == BLOCK_SIMPLE || type == BLOCK_PACKET || isBareRecord(type)
  );
}

function isNeeded(type: u32): bool {
  return leastLength(type) != BLOCK_MIN && !isBareRecord(type);
}

/**
 * Whether the block header at `p` can be one and its block is there whole; if not, the walk of this
 * slot ends (slot.status tells for good). `blockLength` is set in either case.
 */
export function isWhole(slot: Slot, state: CaptureState, p: usize, avail: u32, type: u32): bool {
  const total = word(p + 4, state.swapped);
  blockLength = total;
  const least = leastLength(type);
  if (total < least || total & 3) {
    stop(slot, state, p, CAPTURE_BLOCK_SIZE, least, total);
    return false;
  }
  if (total > <u32>SLOT_HEADROOM_BYTES) {
    // no slot can be sure to hold it whole: pass over it unread, or give up
    if (isNeeded(type)) {
      stop(slot, state, p, CAPTURE_BLOCK_TOO_LONG, total, SLOT_HEADROOM_BYTES);
    } else {
      state.skip = total;
      state.skipTotal = total;
    }
    return false;
  }
  if (avail < total) {
    incomplete(slot, state, p, total, avail);
    return false;
  }
  const again = word(p + total - BLOCK_TRAILER, state.swapped);
  if (again != total) {
    stop(slot, state, p, CAPTURE_BLOCK_LENGTH, total, again);
    return false;
  }
  return true;
}
export let blockLength: u32 = 0;

/** Passes over what is left of a block too long for a slot; returns the position behind. */
export function passOver(slot: Slot, state: CaptureState, p: usize): usize {
  const avail = <u64>(slot.dataEnd - <u32>p);
  const step = state.skip < avail ? state.skip : avail;
  state.skip -= step;
  p += <usize>step;
  if (state.skip != 0 && slot.last != 0) {
    const have = state.skipTotal - <u32>state.skip;
    const begin = slot.fileOffset + <u64>(p - <usize>slot.dataStart) - have;
    stopAt(slot, state, begin, CAPTURE_CUT, state.skipTotal, have);
  }
  return p;
}

