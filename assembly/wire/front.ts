/**
 * The front: decodes all whole records of a slot, in order. One worker at a time holds the token
 * that allows this; what must survive from slot to slot is in the shared CaptureState.
 */
import { SLOT_HEADROOM_BYTES } from '../abi';
import {
  CAPTURE_EMPTY,
  CAPTURE_NOT_A_CAPTURE,
  CAPTURE_OK,
  FACT_FIRST_TIME,
  FACT_FORMAT,
  FACT_FRAMES,
  FACT_LAST_TIME,
  FORMAT_PCAPNG,
  FORMAT_UNKNOWN,
} from '../abi-capture';
import { Slot } from '../slot';
import { beginReassembly } from './reassembly-area';
import { beginLinks } from './link';
import { isPcapMagic, openPcap, walkPcap } from './pcap';
import { walkPcapng } from './pcapng';
import { BLOCK_SECTION } from './pcapng-block';
import { noteLink } from './pcapng-interface';
import { addFact, CaptureState, factPtr, linkAt, setFact } from './state';
import { frameAt, stop } from './walk';

const MAGIC_BYTES: u32 = 4;

/** Finds out the format; returns where records begin, or `p` when that is not known (yet). */
function open(slot: Slot, state: CaptureState, p: usize): usize {
  const avail = slot.dataEnd - <u32>p;
  if (avail < MAGIC_BYTES) {
    if (slot.last != 0) {
      stop(slot, state, p, avail == 0 ? CAPTURE_EMPTY : CAPTURE_NOT_A_CAPTURE, MAGIC_BYTES, avail);
    }
    return p;
  }
  const magic = load<u32>(p);
  if (magic == BLOCK_SECTION) {
    state.format = FORMAT_PCAPNG;
    setFact(state, FACT_FORMAT, FORMAT_PCAPNG);
    return p;
  }
  if (!isPcapMagic(magic)) {
    stop(slot, state, p, CAPTURE_NOT_A_CAPTURE, MAGIC_BYTES, MAGIC_BYTES);
    return p;
  }
  p = openPcap(slot, state, p);
  if (state.format != FORMAT_UNKNOWN) {
    setFact(state, FACT_FORMAT, state.format);
    noteLink(state, linkAt(state, 0));
  }
  return p;
}

/**
 * Decodes `slot.dataStart … dataEnd` into `slot.frames`. Sets frameCount, firstFrame and consumed;
 * what was not consumed goes to the next slot by carryTail(). Returns slot.status: CAPTURE_OK, or
 * why reading ended for good, with faultOffset, need and have. Frames before a fault are kept.
 */
export function decodeSlot(slot: Slot, state: CaptureState): u32 {
  slot.frameCount = 0;
  slot.status = CAPTURE_OK;
  slot.firstFrame = state.frames + 1;
  if (state.status != CAPTURE_OK) {
    slot.consumed = slot.dataEnd - slot.dataStart;
    return CAPTURE_OK;
  }
  beginLinks(state);
  beginReassembly(slot, state);
  let p = <usize>slot.dataStart;
  if (state.format == FORMAT_UNKNOWN) p = open(slot, state, p);
  if (state.format == FORMAT_PCAPNG) p = walkPcapng(slot, state, p);
  else if (state.format != FORMAT_UNKNOWN) p = walkPcap(slot, state, p);
  slot.consumed = <u32>p - slot.dataStart;
  if (slot.frameCount != 0) {
    if (state.frames == 0) setFact(state, FACT_FIRST_TIME, frameAt(slot, 0).tsNanos);
    setFact(state, FACT_LAST_TIME, state.lastTime);
    state.frames += slot.frameCount;
    addFact(state, FACT_FRAMES, slot.frameCount);
  }
  return slot.status;
}

/**
 * Copies what `from` did not consume in front of the data of `to`, whose dataStart and fileOffset
 * are those of its own data, and moves both back to the copy. To be called when the front is done
 * with `from` and before it begins with `to`.
 */
export function carryTail(from: Slot, to: Slot): void {
  const tail = from.dataEnd - from.dataStart - from.consumed;
  if (tail == 0 || from.status != CAPTURE_OK) return;
  if (DEBUG) assert(tail <= <u32>SLOT_HEADROOM_BYTES); // must be: longer records are refused
  const at = <usize>to.dataStart - <usize>tail;
  memory.copy(at, <usize>from.dataStart + from.consumed, tail);
  to.dataStart = <u32>at;
  to.fileOffset -= tail;
}

/** A counter or fact of the capture so far: FACT_*. */
export function factOf(state: CaptureState, fact: u32): u64 {
  return load<u64>(factPtr(state, fact));
}
