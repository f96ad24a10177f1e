/**
 * pcapng files: blocks of type, length, body and the length again.
 *
 *     type ┬ total length ┬ body … ┬ total length
 *
 * A section header gives the byte order of what follows and forgets the interfaces before it;
 * interface descriptions are numbered from 0 in each section; packets refer to them by number.
 * Custom and journal blocks are frames without a packet, because tshark numbers them as frames;
 * everything else is passed over. https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html
 */
import {
  DIRECTION_IN,
  DIRECTION_OUT,
  DIRECTION_UNKNOWN,
  FAULT_NOT_IP,
  FRAME_RECORD_SIZE,
  SLOT_HEADROOM_BYTES,
  SLOT_MAX_FRAMES,
  IFACE_IN_CAPTURE,
} from '../abi';
import {
  CAPTURE_BLOCK_LENGTH,
  CAPTURE_BLOCK_TOO_LONG,
  CAPTURE_BYTE_ORDER,
  CAPTURE_CUT,
  CAPTURE_MAX_PACKET,
  CAPTURE_NO_INTERFACE,
  CAPTURE_NO_MEMORY,
  CAPTURE_OK,
  CAPTURE_PACKET_LENGTH,
  CAPTURE_RECORD_TOO_LONG,
  CAPTURE_VERSION,
  FACT_DISORDER,
  FACT_FRAME_BYTES,
  FACT_INTERFACES,
  FACT_LINK_TYPE,
  FACT_LINK_TYPES_DIFFER,
  FACT_NANOSECONDS,
  FACT_SECTIONS,
  FACT_SNAPPED,
} from '../abi-capture';
import { FrameRecord } from '../packet';
import { Slot } from '../slot';
import { fault } from './fault';
import { ifaceAt } from '../host';
import { resolveInterface } from './imports';
import { decodeFrame, LINKTYPE_ETHERNET } from './link';
import { addFact, addLink, CaptureState, factPtr, Link, linkAt, setClock, setFact, timeOf } from './state';
import { decodeUsual, isSnapped } from './usual';
import { frameAt, frameIndex, incomplete, isFull, stop } from './walk';

export const BLOCK_SECTION: u32 = 0x0a0d0d0a; // the same in both byte orders
const BLOCK_INTERFACE: u32 = 1;
const BLOCK_PACKET: u32 = 2; // obsolete
const BLOCK_SIMPLE: u32 = 3;
const BLOCK_ENHANCED: u32 = 6;
const BLOCK_JOURNAL: u32 = 9; // systemd's
const BLOCK_CUSTOM: u32 = 0xbad; // may be copied into other files, or …
const BLOCK_CUSTOM_LOCAL: u32 = 0x40000bad; // … must not

const BYTE_ORDER_MAGIC: u32 = 0x1a2b3c4d;
const MAJOR: u32 = 1;

const BLOCK_HEADER: u32 = 8;
const BLOCK_TRAILER: u32 = 4;
const BLOCK_MIN: u32 = BLOCK_HEADER + BLOCK_TRAILER;
const SECTION_MIN: u32 = 28;
const INTERFACE_OPTIONS: u32 = 16;
const INTERFACE_MIN: u32 = INTERFACE_OPTIONS + BLOCK_TRAILER;
const SIMPLE_DATA: u32 = 12;
const SIMPLE_MIN: u32 = SIMPLE_DATA + BLOCK_TRAILER;
const CUSTOM_MIN: u32 = 16;
const PACKET_DATA: u32 = 28;
const PACKET_MIN: u32 = PACKET_DATA + BLOCK_TRAILER;

const OPTION_END: u32 = 0;
const IF_NAME: u32 = 2;
const IF_TSRESOL: u32 = 9;
const IF_TSOFFSET: u32 = 14;
const EPB_FLAGS: u32 = 2; // also pack_flags of the obsolete block
/** The option's code and its length, 4, as they load in our byte order. */
const EPB_FLAGS_OPTION: u32 = 0x00040002;
const DEFAULT_RESOLUTION: u32 = 6;

@inline
function word(at: usize, swapped: u32): u32 {
  const w = load<u32>(at);
  return swapped ? bswap<u32>(w) : w;
}

@inline
function half(at: usize, swapped: u32): u32 {
  const h = load<u16>(at);
  return <u32>(swapped ? bswap<u16>(h) : h);
}

@inline
function padded(bytes: u32): u32 {
  return (bytes + 3) & ~3;
}

/** The value of option `code` between `p` and `end`, or 0; its length goes to optionLength. */
function findOption(p: usize, end: usize, code: u32, swapped: u32): usize {
  while (p + 4 <= end) {
    const c = half(p, swapped);
    const length = half(p + 2, swapped);
    p += 4;
    if (c == OPTION_END || p + <usize>length > end) return 0;
    if (c == code) {
      optionLength = length;
      return p;
    }
    p += <usize>padded(length);
  }
  return 0;
}
let optionLength: u32 = 0;

/** A section header at `p`, all of it there. False: a fault. */
function section(slot: Slot, state: CaptureState, p: usize): bool {
  const major = half(p + 12, state.swapped);
  if (major != MAJOR) {
    stop(slot, state, p, CAPTURE_VERSION, MAJOR, major);
    return false;
  }
  state.linkCount = 0;
  addFact(state, FACT_SECTIONS, 1);
  return true;
}

/** An interface description at `p`, `total` bytes. False: a fault. */
function describe(slot: Slot, state: CaptureState, p: usize, total: u32): bool {
  const link = addLink(state);
  if (changetype<usize>(link) == 0) {
    stop(slot, state, p, CAPTURE_NO_MEMORY, 0, 0);
    return false;
  }
  const swapped = state.swapped;
  const options = p + INTERFACE_OPTIONS;
  const end = p + total - BLOCK_TRAILER;
  link.linkType = half(p + 8, swapped);
  link.snapLen = word(p + 12, swapped);
  let resolution: u32 = DEFAULT_RESOLUTION;
  const resol = findOption(options, end, IF_TSRESOL, swapped);
  if (resol != 0 && optionLength > 0) resolution = load<u8>(resol);
  let offset: i64 = 0;
  const tsoffset = findOption(options, end, IF_TSOFFSET, swapped);
  if (tsoffset != 0 && optionLength >= 8) {
    offset = load<i64>(tsoffset);
    if (swapped) offset = bswap<i64>(offset);
  }
  setClock(link, (resolution & 0x80) != 0, resolution & 0x7f, offset);
  const name = findOption(options, end, IF_NAME, swapped);
  if (name != 0) link.iface = <u16>resolveInterface(name, nameLength(name, optionLength));
  if (link.iface != 0) ifaceAt(link.iface).flags |= IFACE_IN_CAPTURE;
  noteLink(state, link);
  return true;
}

/** Names may be zero-terminated or padded with zeros. */
function nameLength(name: usize, length: u32): u32 {
  let n: u32 = 0;
  while (n < length && load<u8>(name + n) != 0) n++;
  return n;
}

/** Tells the report of a capture interface. */
export function noteLink(state: CaptureState, link: Link): void {
  const seen = load<u64>(factPtr(state, FACT_INTERFACES));
  if (seen == 0) setFact(state, FACT_LINK_TYPE, link.linkType);
  else if (load<u64>(factPtr(state, FACT_LINK_TYPE)) != <u64>link.linkType) {
    setFact(state, FACT_LINK_TYPES_DIFFER, 1);
  }
  if (link.hasFineTime || link.timeScale < 1000) setFact(state, FACT_NANOSECONDS, 1);
  setFact(state, FACT_INTERFACES, seen + 1);
}

/** Direction that the bits of epb_flags say. */
@inline
function saidBy(flags: u32): u32 {
  const bits = flags & 3;
  return bits == 1 ? DIRECTION_IN : bits == 2 ? DIRECTION_OUT : DIRECTION_UNKNOWN;
}

/** Direction by epb_flags among the options from `p` to `end`. */
function directionOf(p: usize, end: usize, swapped: u32): u32 {
  const value = findOption(p, end, EPB_FLAGS, swapped);
  return value == 0 || optionLength < 4 ? DIRECTION_UNKNOWN : saidBy(word(value, swapped));
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
function isBareRecord(type: u32): bool {
  return type == BLOCK_CUSTOM || type == BLOCK_CUSTOM_LOCAL || type == BLOCK_JOURNAL;
}

/** Whether a block counts as a frame. */
function isRecord(type: u32): bool {
  return (
    type == BLOCK_ENHANCED || type == BLOCK_SIMPLE || type == BLOCK_PACKET || isBareRecord(type)
  );
}

function isNeeded(type: u32): bool {
  return leastLength(type) != BLOCK_MIN && !isBareRecord(type);
}

/** The frame of a block that holds no packet: `total` bytes, as long as its contents. */
function bareRecord(f: FrameRecord, state: CaptureState, type: u32, total: u32): u32 {
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
 * Notes that a frame stands behind one that it went before: an earlier time, or, the kernel stamping
 * a packet once, the same time at a bridge's port behind the bridge.
 */
function noteOrder(state: CaptureState, link: Link, time: u64): void {
  if (time == state.lastTime) {
    const iface = <u32>link.iface;
    if (iface == 0 || ifaceAt(iface).master == 0) return;
    if (ifaceAt(iface).master != state.lastIface) return;
  }
  addFact(state, FACT_DISORDER, 1);
}

/**
 * Whether the block header at `p` can be one and its block is there whole; if not, the walk of this
 * slot ends (slot.status tells for good). `blockLength` is set in either case.
 */
function isWhole(slot: Slot, state: CaptureState, p: usize, avail: u32, type: u32): bool {
  const total = word(p + 4, state.swapped);
  blockLength = total;
  const least = leastLength(type);
  if (total < least || total & 3) {
    stop(slot, state, p, CAPTURE_BLOCK_LENGTH, least, total);
    return false;
  }
  if (total > <u32>SLOT_HEADROOM_BYTES) {
    // no slot can be sure to hold it whole: pass over it unread, or give up
    if (isNeeded(type)) stop(slot, state, p, CAPTURE_BLOCK_TOO_LONG, total, SLOT_HEADROOM_BYTES);
    else state.skip = total;
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
let blockLength: u32 = 0;

/** A block at `p`, all of it there, that is a frame: decodes it into `f`. False: a fault. */
function record(
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
  const said = directionOf(options, p + blockLength - BLOCK_TRAILER, swapped);
  keepTime(state, link, time);
  decodeFrame(f, state, link, p + PACKET_DATA, cap, len, time, said, frame);
  return true;
}

/** Passes over what is left of a block too long for a slot; returns the position behind. */
function passOver(slot: Slot, state: CaptureState, p: usize): usize {
  const avail = <u64>(slot.dataEnd - <u32>p);
  const step = state.skip < avail ? state.skip : avail;
  state.skip -= step;
  p += <usize>step;
  if (state.skip != 0 && slot.last != 0) stop(slot, state, p, CAPTURE_CUT, <u32>state.skip, 0);
  return p;
}

/**
 * Decodes blocks as long as they are usual ones: enhanced packets in our byte order, with no
 * options but their flags, later than the one before, and nothing wrong. Calls no function (see
 * usual.ts). Returns where it stopped, which may be anywhere that the walk below copes with.
 */
function usualBlocks(slot: Slot, state: CaptureState, p: usize): usize {
  const end = <usize>slot.dataEnd;
  const links = state.linkCount;
  const workers = state.workers;
  let f = frameAt(slot, slot.frameCount);
  const last = frameAt(slot, SLOT_MAX_FRAMES);
  let bytes: u64 = 0;
  let snapped: u32 = 0;
  let time = state.lastTime;
  let iface = state.lastIface;
  while (changetype<usize>(f) < changetype<usize>(last) && end - p >= PACKET_MIN) {
    const total = load<u32>(p, 4);
    const id = load<u32>(p, 8);
    const cap = load<u32>(p, 20);
    if (load<u32>(p) != BLOCK_ENHANCED || id >= links || cap > <u32>CAPTURE_MAX_PACKET) break;
    const least = PACKET_MIN + padded(cap);
    if (end - p < total || total < least || total & 3) break;
    if (total > <u32>SLOT_HEADROOM_BYTES) break;
    if (load<u32>(p + total - BLOCK_TRAILER) != total) break;
    const link = linkAt(state, id);
    if (link.hasFineTime || link.linkType != LINKTYPE_ETHERNET) break;
    const units = (<u64>load<u32>(p, 12) << 32) | <u64>load<u32>(p, 16);
    const now = units * link.timeScale + link.timeOffset;
    if (now <= time && links > 1) break; // out of order, perhaps
    let said: u32 = DIRECTION_UNKNOWN;
    if (total > least) {
      const options = p + least - BLOCK_TRAILER;
      if (load<u32>(options) != EPB_FLAGS_OPTION || total < least + 8) break;
      said = saidBy(load<u32>(options, 4));
    }
    const len = load<u32>(p, 24);
    if (!decodeUsual(f, p + PACKET_DATA, cap, len, now, link.iface, said, workers)) break;
    snapped += isSnapped(f);
    bytes += <u64>len;
    time = now;
    iface = link.iface;
    p += <usize>total;
    f = changetype<FrameRecord>(changetype<usize>(f) + FRAME_RECORD_SIZE);
  }
  slot.frameCount = frameIndex(slot, f);
  state.lastTime = time;
  state.lastIface = iface;
  addFact(state, FACT_FRAME_BYTES, bytes);
  addFact(state, FACT_SNAPPED, snapped);
  return p;
}

/** Decodes the blocks from `p` on; returns where the first undecoded one begins. */
export function walkPcapng(slot: Slot, state: CaptureState, p: usize): usize {
  const end = <usize>slot.dataEnd;
  if (state.skip != 0) p = passOver(slot, state, p);
  for (;;) {
    if (state.swapped == 0) p = usualBlocks(slot, state, p);
    const count = slot.frameCount;
    if (isFull(count)) break;
    const avail = <u32>(end - p);
    if (avail < BLOCK_MIN) {
      if (slot.status == CAPTURE_OK) incomplete(slot, state, p, BLOCK_MIN, avail);
      break;
    }
    if (load<u32>(p) == BLOCK_SECTION) {
      const mark = load<u32>(p, 8);
      if (mark != BYTE_ORDER_MAGIC && mark != bswap<u32>(BYTE_ORDER_MAGIC)) {
        stop(slot, state, p, CAPTURE_BYTE_ORDER, BYTE_ORDER_MAGIC, mark);
        break;
      }
      state.swapped = mark == BYTE_ORDER_MAGIC ? 0 : 1;
    }
    const type = word(p, state.swapped);
    const f = frameAt(slot, count);
    if (!isWhole(slot, state, p, avail, type)) {
      if (state.skip == 0) break;
      if (isBareRecord(type)) {
        addFact(state, FACT_FRAME_BYTES, bareRecord(f, state, type, blockLength));
        slot.frameCount = count + 1;
      }
      p = passOver(slot, state, p);
      continue;
    }
    if (isRecord(type)) {
      if (!record(slot, state, f, p, type, slot.firstFrame + <u64>count)) break;
      addFact(state, FACT_FRAME_BYTES, f.frameLen);
      slot.frameCount = count + 1;
    } else if (type == BLOCK_INTERFACE) {
      if (!describe(slot, state, p, blockLength)) break;
    } else if (type == BLOCK_SECTION) {
      if (!section(slot, state, p)) break;
    }
    p += <usize>blockLength;
  }
  return p;
}
