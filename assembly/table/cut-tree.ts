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
 *     entry         node   u32 children │ u8 lane × 4 │ u8 shift │ u16 mask
 *                   leaf   u32 leaf │ u16 rank of its first rule │ u16 0
 *     root          entry │ u32 first rule of the tree │ u32 levels of nodes
 *     leaf          entry │ – │ groups
 *     rule          index << 3 │ its verdict, if it has one at once
 *     group         u32 rule × 4 │ 4 or 8 lanes × { first u32 × 4 │ last - first u32 × 4 }
 *
 * A leaf's entry leads to the leaf, which begins with the same entry: who is there and goes down
 * once more stays. So all packets go down as many levels as the tree has, and none of them need be
 * asked whether it has arrived.
 *
 * A group is four boxes, ascending, compared at once; where there are fewer, the last one again.
 * The last rule of a leaf's last group is marked. A rank is what is left of a rule in 16 bits.
 *
 * A box that is wide in the dimension that is cut would be in very many leaves; boxes that are wide
 * in destination, or in both addresses, have trees of their own, where there are very many also
 * those that are not quite as narrow as others, and the lowest rule of all trees is the answer.
 */

/** Lanes of a group: one or two blocks of these. */
export const BLOCK_LANES: u32 = 4;
export const MAX_LANES: u32 = 8;
export const BLOCK_BYTES: usize = 16; // of a point
/** Boxes of a group. */
export const GROUP_BOXES: u32 = 4;
/** No rule: comes after all of them, and has no verdict. */
export const NO_BOX: u32 = 0x7ffffff8;

export const ENTRY_BYTES: usize = 8;
export const ROOT_BYTES: usize = 16;
export const ROOT_LEVELS: usize = ENTRY_BYTES + 4; // behind the first rule
export const LEAF_GROUPS: usize = 16; // behind the entry
export const GROUP_LANES: usize = 16; // behind the rules
export const LANE_BYTES: usize = 32;
export const SPANS: usize = 16; // behind the firsts of a lane
/** What a point may be read beyond its start: a leaf's rank is no lane. */
export const POINT_REACH: usize = 256;
const LAST: u32 = 0x80000000;
/** Rank of an empty leaf. */
export const NO_RANK: u32 = 0xffff;
const VERDICT_BITS: u32 = 3;
/** Index of NO_BOX. */
export const NO_INDEX: u32 = NO_BOX >> VERDICT_BITS;

/** A rule as leaves have it: nothing else need be read to know what it says. */
@inline
export function boxRule(index: u32, verdict: u32): u32 {
  return (index << VERDICT_BITS) | verdict;
}

/** Index of a rule, or NO_INDEX. */
@inline
export function indexOf(rule: u32): u32 {
  return rule >> VERDICT_BITS;
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

/** Stores a node's entry. */
export function storeNode(at: usize, children: usize, lane: u32, shift: u32, bits: u32): void {
  store<u32>(at, <u32>children);
  store<u8>(at, <u8>(lane << 2), 4);
  store<u8>(at, <u8>shift, 5);
  store<u16>(at, <u16>(((<u32>1) << bits) - 1), 6);
}

/** Stores the entry of a leaf at two places: its own, and where it is come from. */
export function storeLeaf(at: usize, leaf: usize, rank: u32): void {
  const entry = <u64>leaf | (<u64>rank << 32);
  store<u64>(at, entry);
  store<u64>(leaf, entry);
}

@inline
export function isLeaf(entry: usize): bool {
  return load<u16>(entry, 6) == 0;
}

/** The entry that a node leads a point to; of a leaf, that of the leaf. */
@inline
export function childOf(entry: usize, point: usize): usize {
  const value = load<u32>(point + <usize>load<u8>(entry, 4));
  const child = (value >> load<u8>(entry, 5)) & <u32>load<u16>(entry, 6);
  return <usize>load<u32>(entry) + (<usize>child << 3);
}

/** The first group of the leaf that a leaf's entry leads to. */
@inline
export function groupsOf(entry: usize): usize {
  return <usize>load<u32>(entry) + LEAF_GROUPS;
}

/** How far the trees' rules are shifted to be ranks; `last` is the last rule. */
export function rankShiftOf(last: u32): u32 {
  let shift: u32 = 0;
  while (last >> shift >= NO_RANK) shift++;
  return shift;
}

/** Whether a leaf may have a rule that comes before `best`. */
@inline
export function isWanted(entry: usize, best: u32, rankShift: u32): bool {
  return <u32>load<u16>(entry, 4) <= min<u32>(best >> rankShift, NO_RANK - 1);
}

/** A group's rule that is the last of its leaf. */
@inline
export function marked(rule: u32): u32 {
  return rule | LAST;
}

/** Rule of the first of the boxes that boxesAround() tells of. */
@inline
export function ruleAround(group: usize, around: i32): u32 {
  return load<u32>(group + (<usize>(ctz<i32>(around) & (GROUP_BOXES - 1)) << 2)) & ~LAST;
}

/** Whether the leaf has another group, and that can have a rule before `best`. */
@inline
export function goesOn(group: usize, best: u32): bool {
  return load<u32>(group, (GROUP_BOXES - 1) * 4) < best;
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

/** Lane by lane whether the point lies in the four boxes. Constants go into the instructions. */
@inline
function blockHolds(values: usize, block: usize): v128 {
  const a = holds(v128.load32_splat(values), v128.load(block), v128.load(block, SPANS));
  const b = holds(
    v128.load32_splat(values, 4),
    v128.load(block, LANE_BYTES),
    v128.load(block, LANE_BYTES + SPANS),
  );
  const c = holds(
    v128.load32_splat(values, 8),
    v128.load(block, LANE_BYTES * 2),
    v128.load(block, LANE_BYTES * 2 + SPANS),
  );
  const d = holds(
    v128.load32_splat(values, 12),
    v128.load(block, LANE_BYTES * 3),
    v128.load(block, LANE_BYTES * 3 + SPANS),
  );
  return v128.and(v128.and(a, b), v128.and(c, d));
}

@inline
function holds(values: v128, first: v128, spans: v128): v128 {
  return i32x4.le_u(i32x4.sub(values, first), spans);
}
