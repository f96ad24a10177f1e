/**
 * Cut trees: the first rule of a chain that matches, for chains in which the first one decides.
 *
 * A rule without residuals is a *box*: per dimension an interval of values (more than one, and the
 * rule is several boxes). A packet is a point. When every rule's target ends the chain's walk, only
 * the first box around the point is wanted, so space is cut into pieces until few boxes are left in
 * each (HiCuts: Gupta and McKeown, 1999; trees by size of the boxes: EffiCuts, SIGCOMM 2010). With
 *
 *     0  -d 10.0.0.5    -p tcp --dport 80 -j ACCEPT          lane 0   destination
 *     1  -d 10.0.0.0/24 -p tcp --dport 22 -j ACCEPT          lane 1   protocol and port: 6:80, …
 *     2  -d 10.0.1.0/24 -j DROP
 *     3  -d 10.0.2.0/24 -p udp -j ACCEPT
 *
 * four bits of the destination, from bit 8 on, make a node with children of 2, 1, 1 and no boxes:
 *
 *     root ─▶ (lane 0 >> 8) & 15   0 ─▶ leaf 0 1
 *                                  1 ─▶ leaf 2
 *                                  2 ─▶ leaf 3
 *                                  …    leaf
 *
 * A point of 11.0.0.5 comes to the first leaf as well: a leaf compares everything, so any bits will
 * do to tell boxes apart, and bits in which they do not differ are skipped.
 *
 *     entry   u64   node   children │ lane × 4 │ shift << 8 │ mask << 16
 *                   leaf   groups + 1 │ number of groups       children and groups are addresses
 *     root          u64 entry │ u32 first rule of the tree
 *     group         u32 rule × 4 │ 4 or 8 lanes × { first u32 × 4 │ last - first u32 × 4 }
 *
 * A group is up to four boxes, ascending, compared at once. A box that is wide in the dimension
 * that is cut would be in very many leaves; boxes that are wide in destination, or in both
 * addresses, have trees of their own, and the lowest rule of all trees is the answer.
 */
import { allocate } from '../memory';
import { Packet } from '../packet';
import { classOf } from './classify';
import { CutLane, CutTrees, NO_FIELD } from './layout';

/** Lanes of a group: one or two blocks of these. */
export const BLOCK_LANES: u32 = 4;
export const MAX_LANES: u32 = 8;
/** Boxes of a group. */
export const GROUP_BOXES: u32 = 4;
export const NO_BOX: u32 = u32.MAX_VALUE;

export const ENTRY_BYTES: usize = 8;
export const ROOT_BYTES: usize = 16; // an entry, and the first rule of the tree, u32
export const GROUP_LANES: usize = 16; // behind the rules
export const LANE_BYTES: usize = 32;
const LEAF: u64 = 1;

@inline
export function groupBytes(blocks: u32): usize {
  return GROUP_LANES + <usize>(blocks * BLOCK_LANES) * LANE_BYTES;
}

@inline
export function leafEntry(groups: usize, count: u32): u64 {
  return <u64>groups | LEAF | (<u64>count << 32);
}

@inline
export function nodeEntry(children: usize, lane: u32, shift: u32, bits: u32): u64 {
  return <u64>children | (<u64>((lane << 2) | (shift << 8) | (((1 << bits) - 1) << 16)) << 32);
}

/** The packet's values: u32 × MAX_LANES. Lanes that a chain does not have stay 0. */
let point: usize = 0;

export function attachPoint(): bool {
  if (point == 0) point = allocate(MAX_LANES * 4);
  return point != 0;
}

/** Index of the first rule that matches; NO_BOX: none does. */
export function firstRule(p: Packet, trees: CutTrees): u32 {
  let lane: usize = trees.lanes;
  const lanes = trees.laneCount;
  for (let i: u32 = 0; i < lanes; i++) {
    const l = changetype<CutLane>(lane);
    const field = l.field;
    const value =
      field == NO_FIELD ? classOf(p, l.dim) : load<u32>(changetype<usize>(p) + field) & l.mask;
    store<u32>(point + (<usize>i << 2), value);
    lane += offsetof<CutLane>();
  }
  const blocks = trees.blocks;
  let best = NO_BOX;
  let root: usize = trees.roots;
  for (let left = trees.treeCount; left != 0; left--) {
    if (load<u32>(root, ENTRY_BYTES) < best) {
      best = blocks == 1 ? search<OneBlock>(root, best) : search<TwoBlocks>(root, best);
    }
    root += ROOT_BYTES;
  }
  return best;
}

class OneBlock {}
class TwoBlocks {}

/** The first rule of a tree around the point, or `best` if that comes first. */
@inline
function search<Blocks>(root: usize, best: u32): u32 {
  let entry = load<u64>(root);
  while ((entry & LEAF) == 0) {
    const cut = <u32>(entry >> 32);
    const value = load<u32>(point + <usize>(cut & 0xff));
    const child = (value >> (cut >> 8)) & (cut >> 16);
    entry = load<u64>(<usize>(<u32>entry) + (<usize>child << 3));
  }
  let group = <usize>(<u32>entry) - <usize>LEAF;
  const bytes = groupBytes(isBoth<Blocks>() ? 2 : 1);
  for (let left = <u32>(entry >> 32); left != 0; left--) {
    if (load<u32>(group) >= best) return best;
    let inside = blockHolds(point, group + GROUP_LANES);
    if (isBoth<Blocks>()) {
      const second = GROUP_LANES + BLOCK_LANES * LANE_BYTES;
      inside = v128.and(inside, blockHolds(point + 16, group + second));
    }
    const mask = i32x4.bitmask(inside);
    if (mask != 0) return min<u32>(best, load<u32>(group + (<usize>ctz<i32>(mask) << 2)));
    group += bytes;
  }
  return best;
}

@inline
function isBoth<Blocks>(): bool {
  return idof<Blocks>() == idof<TwoBlocks>();
}

/** Lane by lane whether the point lies in the four boxes. */
@inline
function blockHolds(values: usize, block: usize): v128 {
  const ab = v128.and(laneHolds(values, block, 0), laneHolds(values, block, 1));
  return v128.and(ab, v128.and(laneHolds(values, block, 2), laneHolds(values, block, 3)));
}

@inline
function laneHolds(values: usize, block: usize, lane: usize): v128 {
  const value = v128.load32_splat(values + lane * 4);
  const at = block + lane * LANE_BYTES;
  return i32x4.le_u(i32x4.sub(value, v128.load(at)), v128.load(at, 16));
}
