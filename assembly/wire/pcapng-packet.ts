/** Blocks of pcapng files that are frames: packets of three kinds, and records without a packet. */
import { DIRECTION_IN, DIRECTION_OUT, DIRECTION_UNKNOWN, FAULT_NOT_IP } from '../abi';
import {
  CAPTURE_MAX_PACKET,
  CAPTURE_NO_INTERFACE,
  CAPTURE_PACKET_LENGTH,
  CAPTURE_RECORD_TOO_LONG,
  FACT_DISORDER,
} from '../abi-capture';
import { ifaceAt } from '../host';
import { FrameRecord } from '../packet';
import { Slot } from '../slot';
import { fault } from './fault';
import { decodeFrame } from './link';
import {
  BLOCK_ENHANCED,
  BLOCK_JOURNAL,
  BLOCK_MIN,
  BLOCK_SIMPLE,
  BLOCK_TRAILER,
  blockLength,
  CUSTOM_MIN,
  half,
  isBareRecord,
  PACKET_DATA,
  PACKET_MIN,
  padded,
  SIMPLE_DATA,
  SIMPLE_MIN,
  word,
} from './pcapng-block';
import { areOptionsWhole, findOption, optionLength } from './pcapng-option';
import { addFact, CaptureState, Link, linkAt, timeOf } from './state';
import { stop } from './walk';

const EPB_FLAGS: u32 = 2; // also pack_flags of the obsolete block

/** Direction that the bits of epb_flags say. */
@inline
export function saidBy(flags: u32): u32 {
  const bits = flags & 3;
  return bits == 3 ? DIRECTION_UNKNOWN : bits; // 1 and 2 are DIRECTION_IN and DIRECTION_OUT
}

/** Direction by epb_flags among the options from `p` to `end`. */
function directionOf(p: usize, end: usize, swapped: u32): u32 {
  const value = findOption(p, end, EPB_FLAGS, swapped);
  return value == 0 || optionLength < 4 ? DIRECTION_UNKNOWN : saidBy(word(value, swapped));
}

/** The frame of a block that holds no packet: `total` bytes, as long as its contents. */
export function bareRecord(f: FrameRecord, state: CaptureState, type: u32, total: u32): u32 {
  memory.fill(changetype<usize>(f), 0, offsetof<FrameRecord>());
  f.tsNanos = state.lastTime;
  f.frameLen = total - (type == BLOCK_JOURNAL ? BLOCK_MIN : CUSTOM_MIN);
  fault(f, FAULT_NOT_IP, 0, 0);
  return f.frameLen;
}

/** Moves the capture's clock on to a frame's time. */
@inline
function keepTime(state: CaptureState, link: Link, time: u64): void {
  if (time <= state.lastTime && state.linkCount > 1) noteOrder(state, link, time);
  state.lastTime = time;
  state.lastIface = link.iface;
}

/**
 * Notes that a frame stands behind one that it went before: an earlier time, or, the kernel
 * stamping a packet once, the same time at a bridge's port behind what is none.
 */
function noteOrder(state: CaptureState, link: Link, time: u64): void {
  if (time == state.lastTime && (!isPort(link.iface) || isPort(state.lastIface))) return;
  addFact(state, FACT_DISORDER, 1);
}

function isPort(iface: u32): bool {
  return iface != 0 && ifaceAt(iface).master != 0;
}

/** A block at `p`, all of it there, that is a frame: decodes it into `f`. False: a fault. */
export function record(
  slot: Slot,
  state: CaptureState,
  f: FrameRecord,
  p: usize,
  type: u32,
  frame: u64,
): bool {
  if (isBareRecord(type)) {
    bareRecord(f, state, type, blockLength);
    return true;
  }
  const swapped = state.swapped;
  const simple = type == BLOCK_SIMPLE;
  const least = simple ? SIMPLE_MIN : PACKET_MIN;
  const id: u32 = simple ? 0 : type == BLOCK_ENHANCED ? word(p + 8, swapped) : half(p + 8, swapped);
  if (id >= state.linkCount) {
    stop(slot, state, p, CAPTURE_NO_INTERFACE, id, state.linkCount);
    return false;
  }
  const link = linkAt(state, id);
  const len = word(p + (simple ? 8 : 24), swapped);
  let cap = blockLength - least;
  if (!simple) {
    if (word(p + 20, swapped) > cap) {
      stop(slot, state, p, CAPTURE_PACKET_LENGTH, word(p + 20, swapped), cap);
      return false;
    }
    cap = word(p + 20, swapped);
  } else {
    if (len < cap) cap = len;
    if (link.snapLen != 0 && link.snapLen < cap) cap = link.snapLen;
  }
  if (cap > <u32>CAPTURE_MAX_PACKET) {
    stop(slot, state, p, CAPTURE_RECORD_TOO_LONG, cap, CAPTURE_MAX_PACKET);
    return false;
  }
  if (simple) {
    // no time of its own: the clock stands still
    const time = state.lastTime;
    decodeFrame(f, state, link, p + SIMPLE_DATA, cap, len, time, DIRECTION_UNKNOWN, frame);
    return true;
  }
  const units = (<u64>word(p + 12, swapped) << 32) | <u64>word(p + 16, swapped);
  const time = timeOf(link, units);
  const options = p + PACKET_DATA + <usize>padded(cap);
  const end = p + blockLength - BLOCK_TRAILER;
  if (!areOptionsWhole(slot, state, p, options, end)) return false;
  const said = directionOf(options, end, swapped);
  keepTime(state, link, time);
  decodeFrame(f, state, link, p + PACKET_DATA, cap, len, time, said, frame);
  return true;
}
