/**
 * pcap files: a 24-byte header, then records of header and packet.
 *
 *     magic ┬ version ┬ zone ┬ accuracy ┬ snaplen ┬ link type
 *     seconds ┬ fraction ┬ captured bytes ┬ original bytes ┬ packet …
 *
 * The magic tells byte order, the fraction's unit, and Kuznetzov's variant with eight more bytes in
 * each record header. https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html
 */
import {
  DIRECTION_UNKNOWN,
  FRAME_RECORD_SIZE,
  SLOT_MAX_FRAMES,
} from '../abi';
import {
  CAPTURE_MAX_PACKET,
  CAPTURE_RECORD_TOO_LONG,
  CAPTURE_VERSION,
  FACT_FRAME_BYTES,
  FORMAT_PCAP,
} from '../abi-capture';
import { FrameRecord } from '../packet';
import { Slot } from '../slot';
import { decodeFrame, LINKTYPE_ETHERNET } from './link';
import { chooseOwner } from './owner';
import { addFact, addLink, CaptureState, linkAt, setClock } from './state';
import { decodeUsual } from './usual';
import { frameAt, frameIndex, incomplete, isFull, stop } from './walk';

const MAGIC_MICRO: u32 = 0xa1b2c3d4;
const MAGIC_NANO: u32 = 0xa1b23c4d;
const MAGIC_MODIFIED: u32 = 0xa1b2cd34;
const FILE_HEADER: u32 = 24;
const VERSION: usize = 4;
const SNAPLEN: usize = 16;
const LINK_TYPE: usize = 20;
/** The upper bits of the link type tell whether frames end with a check sequence. */
const LINK_TYPE_BITS: u32 = 0x03ffffff;
const RECORD_HEADER: u32 = 16;
const MODIFIED_EXTRA: u32 = 8;
const MAJOR: u32 = 2;
const NANOS: u64 = 1_000_000_000;

@inline
export function isPcapMagic(magic: u32): bool {
  return isNativeMagic(magic) || isNativeMagic(bswap<u32>(magic));
}

@inline
function isNativeMagic(magic: u32): bool {
  return magic == MAGIC_MICRO || magic == MAGIC_NANO || magic == MAGIC_MODIFIED;
}

@inline
function word(at: usize, swapped: u32): u32 {
  const w = load<u32>(at);
  return swapped ? bswap<u32>(w) : w;
}

/** Reads the file header at `p`; returns the position behind it, or `p`: not whole, or a fault. */
export function openPcap(slot: Slot, state: CaptureState, p: usize): usize {
  const avail = slot.dataEnd - <u32>p;
  if (avail < FILE_HEADER) {
    incomplete(slot, state, p, FILE_HEADER, avail);
    return p;
  }
  const swapped: u32 = isNativeMagic(load<u32>(p)) ? 0 : 1;
  const magic = word(p, swapped);
  const version = load<u16>(p + VERSION);
  const major = <u32>(swapped ? bswap<u16>(version) : version);
  if (major != MAJOR) {
    stop(slot, state, p, CAPTURE_VERSION, MAJOR, major);
    return p;
  }
  state.format = FORMAT_PCAP;
  state.swapped = swapped;
  state.recordHeader = RECORD_HEADER + (magic == MAGIC_MODIFIED ? MODIFIED_EXTRA : 0);
  const link = addLink(state);
  link.linkType = word(p + LINK_TYPE, swapped) & LINK_TYPE_BITS;
  link.snapLen = word(p + SNAPLEN, swapped);
  setClock(link, false, magic == MAGIC_NANO ? 9 : 6, 0);
  return p + FILE_HEADER;
}

/**
 * Decodes records as long as they are usual ones in our byte order. Calls no function (see
 * usual.ts). Returns where it stopped, which may be anywhere that the walk below copes with.
 */
function usualRecords(slot: Slot, state: CaptureState, p: usize): usize {
  const end = <usize>slot.dataEnd;
  const header = <usize>state.recordHeader;
  const link = linkAt(state, 0);
  const iface = <u32>link.iface;
  const scale = link.timeScale;
  let f = frameAt(slot, slot.frameCount);
  const last = frameAt(slot, SLOT_MAX_FRAMES);
  let bytes: u64 = 0;
  let time = state.lastTime;
  while (changetype<usize>(f) < changetype<usize>(last)) {
    if (end - p < header) break;
    const cap = load<u32>(p, 8);
    if (cap > <u32>CAPTURE_MAX_PACKET) break;
    const size = header + <usize>cap;
    if (end - p < size) break;
    const now = <u64>load<u32>(p) * NANOS + <u64>load<u32>(p, 4) * scale;
    const len = load<u32>(p, 12);
    const at = p + header;
    const said = DIRECTION_UNKNOWN;
    if (!decodeUsual(f, at, cap, len, now, iface, said, state, slot)) break;
    bytes += <u64>len;
    time = now;
    p += size;
    f = changetype<FrameRecord>(changetype<usize>(f) + FRAME_RECORD_SIZE);
  }
  slot.frameCount = frameIndex(slot, f);
  state.lastTime = time;
  addFact(state, FACT_FRAME_BYTES, bytes);
  return p;
}

/** Decodes the records from `p` on; returns where the first undecoded one begins. */
export function walkPcap(slot: Slot, state: CaptureState, p: usize): usize {
  const end = <usize>slot.dataEnd;
  const header = <usize>state.recordHeader;
  const swapped = state.swapped;
  const link = linkAt(state, 0);
  const hasUsual = link.linkType == LINKTYPE_ETHERNET && swapped == 0;
  for (;;) {
    if (hasUsual) p = usualRecords(slot, state, p);
    const count = slot.frameCount;
    if (isFull(count)) break;
    const avail = end - p;
    if (avail < header) {
      incomplete(slot, state, p, <u32>header, <u32>avail);
      break;
    }
    const cap = word(p + 8, swapped);
    if (cap > <u32>CAPTURE_MAX_PACKET) {
      stop(slot, state, p, CAPTURE_RECORD_TOO_LONG, cap, CAPTURE_MAX_PACKET);
      break;
    }
    const size = header + <usize>cap;
    if (avail < size) {
      incomplete(slot, state, p, <u32>size, <u32>avail);
      break;
    }
    const fraction = <u64>word(p + 4, swapped) * link.timeScale;
    const time = <u64>word(p, swapped) * NANOS + fraction;
    const len = word(p + 12, swapped);
    const f = frameAt(slot, count);
    const frame = slot.firstFrame + <u64>count;
    decodeFrame(f, state, link, p + header, cap, len, time, DIRECTION_UNKNOWN, frame);
    chooseOwner(slot, f);
    addFact(state, FACT_FRAME_BYTES, len);
    state.lastTime = time;
    slot.frameCount = count + 1;
    p += size;
  }
  return p;
}
