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
 *     rule          index << 3 │ its verdict, if it has one at once
 *     group         u32 rule × 4 │ 4 or 8 lanes × { first u32 × 4 │ last - first u32 × 4 }
 *
 * A group is up to four boxes, ascending, compared at once. A box that is wide in the dimension
 * that is cut would be in very many leaves; boxes that are wide in destination, or in both
 * addresses, have trees of their own, and the lowest rule of all trees is the answer.
 */

/** Lanes of a group: one or two blocks of these. */
export const BLOCK_LANES: u32 = 4;
export const MAX_LANES: u32 = 8;
export const BLOCK_BYTES: usize = 16; // of a point
/** Boxes of a group. */
export const GROUP_BOXES: u32 = 4;
export const NO_BOX: u32 = u32.MAX_VALUE;

export const ENTRY_BYTES: usize = 8;
export const ROOT_BYTES: usize = 16; // an entry, and the first rule of the tree, u32
export const GROUP_LANES: usize = 16; // behind the rules
export const LANE_BYTES: usize = 32;
const LEAF: u64 = 1;
const VERDICT_BITS: u32 = 3;

/** A rule as leaves have it: nothing else need be read to know what it says. */
@inline
export function boxRule(index: u32, verdict: u32): u32 {
  return (index << VERDICT_BITS) | verdict;
}

/** Index of a rule; NO_BOX stays NO_BOX. */
@inline
export function indexOf(rule: u32): u32 {
  return <u32>(<i32>rule >> VERDICT_BITS);
}

/** VERDICT_* of a rule whose target is nothing but a verdict; else 0. */
@inline
export function verdictIn(rule: u32): u32 {
  return rule & ((1 << VERDICT_BITS) - 1);
}

/** Type arguments of what is compiled for one block of lanes and for two. */
export class OneBlock {}
export class TwoBlocks {}

@inline
function isBoth<Blocks>(): bool {
  return idof<Blocks>() == idof<TwoBlocks>();
}

@inline
export function groupBytes(blocks: u32): usize {
  return GROUP_LANES + <usize>(blocks * BLOCK_LANES) * LANE_BYTES;
}

@inline
export function bytesOfGroup<Blocks>(): usize {
  return groupBytes(isBoth<Blocks>() ? 2 : 1);
}

@inline
export function leafEntry(groups: usize, count: u32): u64 {
  return <u64>groups | LEAF | (<u64>count << 32);
}

@inline
export function isLeaf(entry: u64): bool {
  return (entry & LEAF) != 0;
}

@inline
export function groupsOf(entry: u64): usize {
  return <usize>(<u32>entry) - <usize>LEAF;
}

@inline
export function groupCount(entry: u64): u32 {
  return <u32>(entry >> 32);
}

@inline
export function nodeEntry(children: usize, lane: u32, shift: u32, bits: u32): u64 {
  return <u64>children | (<u64>((lane << 2) | (shift << 8) | (((1 << bits) - 1) << 16)) << 32);
}

/** The entry that a node leads a point to. */
@inline
export function childOf(node: u64, point: usize): u64 {
  const cut = <u32>(node >> 32);
  const value = load<u32>(point + <usize>(cut & 0xff));
  const child = (value >> (cut >> 8)) & (cut >> 16);
  return load<u64>(<usize>(<u32>node) + (<usize>child << 3));
}

/** Which boxes of a group a point lies in, a bit each. */
@inline
export function boxesAround<Blocks>(point: usize, group: usize): i32 {
  let inside = blockHolds(point, group + GROUP_LANES);
  if (isBoth<Blocks>()) {
    const second = GROUP_LANES + BLOCK_LANES * LANE_BYTES;
    inside = v128.and(inside, blockHolds(point + BLOCK_BYTES, group + second));
  }
  return i32x4.bitmask(inside);
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
