/**
 * Points: the values that a packet has in the lanes of a chain's cut trees, u32 × MAX_LANES. Lanes
 * that a chain does not have are 0.
 *
 * Nearly all of them are in the packet's *header*, the first 16 bytes of Packet, and come out of it
 * in one step: `CutTrees.header` says for every byte of the four lanes which byte of the header it
 * is. With lanes for destination, source, protocol and port in one, and source port:
 *
 *     header            src ···· dst ···· sport ·· dport ·· family proto ttl tos
 *     byte              0 1 2 3  4 5 6 7  8 9      10 11    12     13    14  15
 *     lanes             4 5 6 7 │ 0 1 2 3 │ 10 11 12 13 │ 8 9 – –
 */
import { FrameRecord, Packet } from '../packet';
import { classOf } from './classify';
import { BLOCK_BYTES, MAX_LANES } from './cut-tree';
import { isAddressDim } from './dimension';
import { CutLane, CutTrees, NO_FIELD } from './layout';

export const POINT_BYTES: usize = MAX_LANES * 4;
const HEADER_BYTES: u32 = 16;
/** A byte of a lane that is 0. */
const NO_BYTE: u8 = 0x80;

/** A frame's header, laid out as Packet's. */
@inline
export function headerOf(r: FrameRecord): v128 {
  const at = changetype<usize>(r);
  const ends = v128.load(at, offsetof<FrameRecord>('src'));
  return v128.load_lane<u32>(at, ends, 3, offsetof<FrameRecord>('family'));
}

/** Stores at `point` the lanes that are in the header; the others are 0. */
@inline
export function placeHeader(point: usize, header: v128, trees: CutTrees): void {
  v128.store(point, i8x16.swizzle(header, trees.header));
  if (trees.blocks != 1) {
    v128.store(point, i8x16.swizzle(header, trees.headerMore), BLOCK_BYTES);
  }
}

/** Stores the packet's point. */
export function placePoint(point: usize, p: Packet, trees: CutTrees): void {
  placeHeader(point, v128.load(changetype<usize>(p)), trees);
  for (let rest = trees.beyond; rest != 0; rest &= rest - 1) {
    const lane = <u32>ctz<u32>(rest);
    store<u32>(point + (<usize>lane << 2), valueOf(p, trees, lane));
  }
}

/** Whether the packet's header differs from another in what is in some lane. */
@inline
export function differs(p: Packet, header: v128, trees: CutTrees): bool {
  const bits = v128.xor(v128.load(changetype<usize>(p)), header);
  return v128.any_true(v128.and(bits, trees.headerMask));
}

/** Whether a point is the packet's in the lanes that are not in the header. */
export function isBeyondOf(p: Packet, point: usize, trees: CutTrees): bool {
  for (let rest = trees.beyond; rest != 0; rest &= rest - 1) {
    const lane = <u32>ctz<u32>(rest);
    if (load<u32>(point + (<usize>lane << 2)) != valueOf(p, trees, lane)) return false;
  }
  return true;
}

/** The packet's value in a lane that is not in the header. */
function valueOf(p: Packet, trees: CutTrees, lane: u32): u32 {
  const l = changetype<CutLane>(<usize>trees.lanes + <usize>lane * offsetof<CutLane>());
  const field = l.field;
  return field == NO_FIELD ? classOf(p, l.dim) : load<u32>(changetype<usize>(p) + field) & l.mask;
}

/** Fills in where the lanes come from. */
export function traceLanes(out: CutTrees): void {
  const bytes = changetype<usize>(out) + offsetof<CutTrees>('header');
  const mask = changetype<usize>(out) + offsetof<CutTrees>('headerMask');
  memory.fill(bytes, NO_BYTE, POINT_BYTES);
  out.beyond = 0;
  out.isForeseeable = 1;
  for (let lane: u32 = 0; lane < out.laneCount; lane++) {
    const l = changetype<CutLane>(<usize>out.lanes + <usize>lane * offsetof<CutLane>());
    const used: u32 = 4 - (<u32>clz<u32>(l.mask) >> 3); // bytes
    if (l.field > HEADER_BYTES - used) {
      out.beyond |= 1 << lane;
      if (isAddressDim(l.dim)) out.isForeseeable = 0;
      continue;
    }
    for (let byte: u32 = 0; byte < used; byte++) {
      store<u8>(bytes + <usize>((lane << 2) | byte), <u8>(l.field + byte));
      store<u8>(mask + <usize>(l.field + byte), 0xff);
    }
  }
}
