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
  DIRECTION_UNKNOWN,
  FRAME_RECORD_SIZE,
  SLOT_MAX_FRAMES,
} from '../abi';
import {
  CAPTURE_BYTE_ORDER,
  CAPTURE_OK,
  FACT_FRAME_BYTES,
} from '../abi-capture';
import { FrameRecord } from '../packet';
import { Slot } from '../slot';
import { LINKTYPE_ETHERNET } from './link';
import { chooseOwner } from './owner';
import {
  BLOCK_ENHANCED,
  BLOCK_INTERFACE,
  BLOCK_MIN,
  BLOCK_SECTION,
  BLOCK_TRAILER,
  blockLength,
  isBareRecord,
  isRecord,
  isWhole,
  PACKET_DATA,
  PACKET_MIN,
  padded,
  passOver,
  word,
} from './pcapng-block';
import { describe, section } from './pcapng-interface';
import { bareRecord, record, saidBy } from './pcapng-packet';
import { addFact, CaptureState, Link } from './state';
import { decodeUsual } from './usual';
import { frameAt, frameIndex, incomplete, isFull, stop } from './walk';

const BYTE_ORDER_MAGIC: u32 = 0x1a2b3c4d;
/** The option's code and its length, 4, as they load in our byte order. */
const EPB_FLAGS_OPTION: u32 = 0x00040002;
const FLAGS_BYTES: u32 = 8;
const FLAGS_AND_END: u32 = FLAGS_BYTES + 4; // and the end of options

/**
 * Decodes blocks as long as they are usual ones: enhanced packets in our byte order, with no
 * options but their flags, later than the one before, and nothing wrong. Calls no function (see
 * usual.ts). Returns where it stopped, which may be anywhere that the walk below copes with.
 */
function usualBlocks(slot: Slot, state: CaptureState, p: usize): usize {
  const end = <usize>slot.dataEnd;
  const links = <usize>state.links;
  const linkCount = state.linkCount;
  let f = frameAt(slot, slot.frameCount);
  const last = frameAt(slot, SLOT_MAX_FRAMES);
  let bytes: u64 = 0;
  let time = state.lastTime;
  const inOrder: u64 = linkCount > 1 ? u64.MAX_VALUE : 0; // times matter only then
  let lastLink = changetype<Link>(0);
  // one condition after the other: what is true of most frames costs no more than a branch
  while (changetype<usize>(f) < changetype<usize>(last)) {
    const left = end - p;
    if (left < PACKET_MIN) break;
    const total = load<u32>(p, 4);
    if (left < total) break;
    if (load<u32>(p) != BLOCK_ENHANCED) break;
    const id = load<u32>(p, 8);
    if (id >= linkCount) break;
    const cap = load<u32>(p, 20);
    const least = PACKET_MIN + padded(cap);
    const extra = total - least;
    if (load<u32>(p + total - BLOCK_TRAILER) != total) break;
    const link = changetype<Link>(links + <usize>id * offsetof<Link>());
    if (link.hasFineTime) break;
    if (link.linkType != LINKTYPE_ETHERNET) break;
    const units = (<u64>load<u32>(p, 12) << 32) | <u64>load<u32>(p, 16);
    const now = units * link.timeScale + link.timeOffset;
    if (now <= (time & inOrder)) break; // out of order, perhaps
    let said: u32 = DIRECTION_UNKNOWN;
    if (extra != 0) {
      if (extra != FLAGS_AND_END) break;
      const options = p + least - BLOCK_TRAILER;
      if (load<u32>(options) != EPB_FLAGS_OPTION) break;
      if (load<u32>(options, FLAGS_BYTES) != 0) break; // another option
      said = saidBy(load<u32>(options, 4));
    }
    const len = load<u32>(p, 24);
    const at = p + PACKET_DATA;
    if (!decodeUsual(f, at, cap, len, now, link.iface, said, state, slot)) break;
    bytes += <u64>len;
    time = now;
    lastLink = link;
    p += <usize>total;
    f = changetype<FrameRecord>(changetype<usize>(f) + FRAME_RECORD_SIZE);
  }
  slot.frameCount = frameIndex(slot, f);
  state.lastTime = time;
  if (changetype<usize>(lastLink) != 0) state.lastIface = lastLink.iface;
  addFact(state, FACT_FRAME_BYTES, bytes);
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
        chooseOwner(slot, f);
        slot.frameCount = count + 1;
      }
      p = passOver(slot, state, p);
      continue;
    }
    if (isRecord(type)) {
      if (!record(slot, state, f, p, type, slot.firstFrame + <u64>count)) break;
      addFact(state, FACT_FRAME_BYTES, f.frameLen);
      chooseOwner(slot, f);
      slot.frameCount = count + 1;
    } else if (type == BLOCK_INTERFACE) {
      if (!describe(slot, state, p, blockLength)) break;
    } else if (type == BLOCK_SECTION) {
      if (!section(slot, state, p, blockLength)) break;
    }
    p += <usize>blockLength;
  }
  return p;
}
