/**
 * Builds cut trees (cut-tree.ts) over the boxes of box.ts.
 *
 * At a node all windows of bits of all lanes are tried, and the one is taken that leaves the fewest
 * boxes with a box (the mean over all boxes of how many share its child), where copies count as
 * well. Each node may make as many copies as its share of the budget allows, so that memory stays
 * proportional to the rules; where that is used up, the leaf is a longer list.
 */
import { DIM_DST, DIM_SRC } from '../abi-rules';
import { reserve } from '../lookup/arena';
import {
  boxCount,
  firstOf,
  isFine,
  isNarrow,
  laneCount,
  lanesPtr,
  lastOf,
  ruleOfBox,
} from './box';
import { traceLanes } from './cut-point';
import {
  BLOCK_LANES,
  ENTRY_BYTES,
  GROUP_BOXES,
  GROUP_LANES,
  groupBytes,
  LANE_BYTES,
  LEAF_GROUPS,
  marked,
  NO_BOX,
  NO_RANK,
  rankShiftOf,
  ROOT_BYTES,
  ROOT_LEVELS,
  SPANS,
  storeLeaf,
  storeNode,
} from './cut-tree';
import { CutTrees } from './layout';
import { SCRATCH_LISTS, SCRATCH_TALLY, scratch } from './scratch';

/** A leaf has no more boxes, unless cutting it does not help. */
const LEAF_BOXES: u32 = 8;
/** … and from this level on: all packets go down as many levels as the tree has. */
const DEEP_LEVEL: u32 = 2;
const DEEP_LEAF_BOXES: u32 = 32;
const MIN_BUDGET: u32 = 1 << 14;
/** From so many boxes on, wide boxes have trees of their own. */
const PARTED_FROM: u32 = 1024;
/** … and from so many on, those that are narrow but not fine as well. */
const FINELY_PARTED_FROM: u32 = 1 << 15;
const MAX_TREES: u32 = 4;
/** These are few, so that they may have so many times the copies of others. */
const COARSE_TREE: u32 = 1;
const COARSE_COPIES: u32 = 4;
/** From so many boxes on, trees do not fit into a cache that is a few cycles away. */
const FAR_FROM: u32 = 1 << 13;
const MAX_BITS: u32 = 16;
const TALLY_BYTES: usize = ((1 << MAX_BITS) + 2) * 4;
/** Boxes by which a window is judged where a node has many. */
const SAMPLE: u32 = 512;
/** A window is worth a node if it leaves less than this part of the boxes with a box. */
const WORTH: f64 = 0.8;
/** Twice as many copies are worth this power of two in boxes. */
const COPY_COST: f64 = 0.3;

let blocks: u32 = 0;
let longest: u32 = 0; // groups of the longest leaf
let levels: u32 = 0; // of nodes, of the tree at hand
let rankShift: u32 = 0;
let emptyLeaf: usize = 0; // of all trees
let lists: usize = 0; // u32 boxes: those of the nodes on the way down, then free
let tally: usize = 0; // u32 per child

// The best window found.
let bestScore: f64 = 0;
let bestLane: u32 = 0;
let bestShift: u32 = 0;
let bestBits: u32 = 0;

/** Groups of the longest leaf that buildCutTrees() made: what the worst packet is compared with. */
export function longestLeaf(): u32 {
  return longest;
}

/**
 * Builds trees over all boxes, with memory for so many copies of each (more where there are few).
 * False: out of memory.
 */
export function buildCutTrees(out: CutTrees, copies: u32): bool {
  longest = 0;
  out.treeCount = 0;
  out.lanes = <u32>lanesPtr();
  out.laneCount = laneCount();
  out.blocks = out.laneCount > BLOCK_LANES ? 2 : 1;
  traceLanes(out);
  out.roots = <u32>reserve(MAX_TREES * ROOT_BYTES);
  if (out.roots == 0) return false;
  blocks = out.blocks;
  if (!buildEmptyLeaf()) return false;
  const count = boxCount();
  rankShift = rankShiftOf(ruleOfBox(count - 1));
  out.rankShift = rankShift;
  out.isFar = <u32>(count >= FAR_FROM);
  let root: usize = out.roots;
  const parts: u32 = count < PARTED_FROM ? 1 : MAX_TREES;
  for (let part: u32 = 0; part < parts; part++) {
    if (!growLists(count, 0)) return false;
    let size: u32 = 0;
    for (let box: u32 = 0; box < count; box++) {
      if (parts > 1 && partOf(box) != part) continue;
      store<u32>(lists + (<usize>size << 2), box);
      size++;
    }
    if (size == 0) continue;
    store<u32>(root, ruleOfBox(boxAt(0)), ENTRY_BYTES);
    levels = 0;
    const budget = size * copies * (part == COARSE_TREE ? COARSE_COPIES : 1);
    if (!buildNode(root, 0, 0, size, size, max<u32>(budget, MIN_BUDGET))) return false;
    store<u32>(root, levels, ROOT_LEVELS);
    out.treeCount++;
    root += ROOT_BYTES;
  }
  return true;
}

function partOf(box: u32): u32 {
  if (isNarrow(box, DIM_DST)) {
    return boxCount() < FINELY_PARTED_FROM || isFine(box, DIM_DST) ? 0 : COARSE_TREE;
  }
  return isNarrow(box, DIM_SRC) ? 2 : 3;
}

/** Makes room for lists of `end` boxes in all. */
function growLists(end: u32, keep: u32): bool {
  lists = scratch(SCRATCH_LISTS, <usize>end << 2, <usize>keep << 2);
  return lists != 0;
}

@inline
function boxAt(index: u32): u32 {
  return load<u32>(lists + (<usize>index << 2));
}

/**
 * Stores the entry of a node or leaf for the boxes start … start + size - 1 of the lists, which are
 * free from `free` on.
 */
function buildNode(
  entry: usize,
  level: u32,
  start: u32,
  size: u32,
  free: u32,
  budget: u32,
): bool {
  const enough = level < DEEP_LEVEL ? LEAF_BOXES : DEEP_LEAF_BOXES;
  if (size <= enough || !chooseWindow(start, size, budget)) {
    return buildLeaf(entry, start, size);
  }
  levels = max<u32>(levels, level + 1);
  const lane = bestLane;
  const shift = bestShift;
  const bits = bestBits;
  const children: u32 = 1 << bits;
  const table = reserve(<usize>children * ENTRY_BYTES);
  // the children's ends, and behind them their lists
  const ends = free;
  const first = ends + children;
  const stored = countBoxes(start, size, 1, lane, shift, bits);
  const total = load<u32>(tally + TALLY_BYTES * 2 + (<usize>children << 2));
  if (table == 0 || !growLists(first + total, free)) return false;
  distribute(start, size, lane, shift, bits, ends, first);
  storeNode(entry, table, lane, shift, bits);
  let from = first;
  let before: u32 = 0; // size of the list of the child before
  for (let child: u32 = 0; child < children; child++) {
    const to = boxAt(ends + child);
    const held = to - from;
    const at = table + <usize>child * ENTRY_BYTES;
    if (child > 0 && held == before && isSame(from, from - held, held)) {
      store<u64>(at, load<u64>(at - ENTRY_BYTES));
    } else {
      const share = <u32>((<u64>budget * held) / stored);
      if (!buildNode(at, level + 1, from, held, first + total, share)) return false;
    }
    before = held;
    from = to;
  }
  return true;
}

function isSame(a: u32, b: u32, count: u32): bool {
  const bytes = <usize>count << 2;
  return memory.compare(lists + (<usize>a << 2), lists + (<usize>b << 2), bytes) == 0;
}

/**
 * Sorts boxes into the children's lists, which begin at `first`; stores where each ends at `ends`.
 */
function distribute(
  start: u32,
  size: u32,
  lane: u32,
  shift: u32,
  bits: u32,
  ends: u32,
  first: u32,
): void {
  const mask: u32 = (1 << bits) - 1;
  const cursor = lists + (<usize>ends << 2);
  let at = first;
  for (let child: u32 = 0; child <= mask; child++) {
    store<u32>(cursor + (<usize>child << 2), at);
    at += load<u32>(tally + (<usize>child << 2));
  }
  for (let i: u32 = 0; i < size; i++) {
    const box = boxAt(start + i);
    const low = firstOf(box, lane) >> shift;
    const reach = min<u32>((lastOf(box, lane) >> shift) - low, mask);
    for (let step: u32 = 0; step <= reach; step++) {
      const slot = cursor + (<usize>((low + step) & mask) << 2);
      const to = load<u32>(slot);
      store<u32>(lists + (<usize>to << 2), box);
      store<u32>(slot, to + 1);
    }
  }
}

/**
 * Counts in `tally` how many boxes each child would have, of every `every`th box; then, summed up,
 * in `sums` those of all children before. Returns the copies that are stored: a child whose boxes
 * are those of the one before it shares its entry.
 */
function countBoxes(
  start: u32,
  size: u32,
  every: u32,
  lane: u32,
  shift: u32,
  bits: u32,
): u32 {
  const mask: u32 = (1 << bits) - 1;
  const ends = tally + TALLY_BYTES;
  const sums = tally + TALLY_BYTES * 2;
  memory.fill(tally, 0, <usize>(mask + 2) << 2);
  memory.fill(ends, 0, <usize>(mask + 2) << 2);
  let everywhere: u32 = 0;
  for (let i: u32 = 0; i < size; i += every) {
    const box = boxAt(start + i);
    const first = firstOf(box, lane) >> shift;
    const last = lastOf(box, lane) >> shift;
    if (last - first >= mask) {
      everywhere++;
      continue;
    }
    const from = first & mask;
    const to = last & mask;
    addOne(tally, from);
    addOne(ends, to + 1);
    if (from > to) everywhere++;
  }
  let stored: u32 = 0;
  let sum: u32 = 0;
  let running = everywhere;
  for (let child: u32 = 0; child <= mask; child++) {
    const at = <usize>child << 2;
    const begun = load<u32>(tally + at);
    const ended = load<u32>(ends + at);
    running += begun - ended;
    if (child == 0 || (begun | ended) != 0) stored += running;
    store<u32>(tally + at, running);
    store<u32>(sums + at, sum);
    sum += running;
  }
  store<u32>(sums + (<usize>(mask + 1) << 2), sum);
  return stored;
}

@inline
function addOne(counts: usize, child: u32): void {
  const at = counts + (<usize>child << 2);
  store<u32>(at, load<u32>(at) + 1);
}

/** How many boxes a box shares its child with, itself included, in the mean over all boxes. */
function meanShared(
  start: u32,
  size: u32,
  every: u32,
  lane: u32,
  shift: u32,
  bits: u32,
): f64 {
  const mask: u32 = (1 << bits) - 1;
  const sums = tally + TALLY_BYTES * 2;
  const all = load<u32>(sums + (<usize>(mask + 1) << 2));
  let total: f64 = 0;
  let counted: u32 = 0;
  for (let i: u32 = 0; i < size; i += every) {
    const box = boxAt(start + i);
    const first = firstOf(box, lane) >> shift;
    const reach = (lastOf(box, lane) >> shift) - first;
    counted++;
    if (reach >= mask) {
      total += <f64>all / <f64>(mask + 1);
      continue;
    }
    const from = first & mask;
    const to = from + reach + 1; // beyond the last child, the rest is the first children's
    let held = load<u32>(sums + (<usize>min<u32>(to, mask + 1) << 2));
    held -= load<u32>(sums + (<usize>from << 2));
    if (to > mask + 1) held += load<u32>(sums + (<usize>(to - mask - 1) << 2));
    total += <f64>held / <f64>(reach + 1);
  }
  return 1 + (total / <f64>counted - 1) * <f64>every;
}

/** Finds the best window; false: none that helps and that `budget` copies are enough for. */
function chooseWindow(start: u32, size: u32, budget: u32): bool {
  tally = scratch(SCRATCH_TALLY, TALLY_BYTES * 3);
  if (tally == 0) return false;
  bestScore = <f64>size * WORTH;
  bestBits = 0;
  const mostBits = min<u32>(MAX_BITS, 33 - <u32>clz<u32>(size));
  const every = size / SAMPLE + 1;
  for (let lane: u32 = 0; lane < laneCount(); lane++) {
    for (let shift: i32 = 28; shift >= 0; shift -= 4) {
      for (let bits: u32 = 2; bits <= mostBits && shift + bits <= 32; bits += 2) {
        tryWindow(start, size, every, budget, lane, shift, bits);
      }
    }
  }
  return bestBits != 0;
}

function tryWindow(
  start: u32,
  size: u32,
  every: u32,
  budget: u32,
  lane: u32,
  shift: u32,
  bits: u32,
): void {
  const stored = countBoxes(start, size, every, lane, shift, bits) * every;
  const children: u32 = 1 << bits;
  if (stored > budget) return;
  const mean = meanShared(start, size, every, lane, shift, bits);
  const copies = <f64>max<u32>(stored, size) / <f64>size;
  const score = mean * Math.pow(copies, COPY_COST) * (1 + <f64>children / <f64>(size * 8));
  if (score >= bestScore) return;
  bestScore = score;
  bestLane = lane;
  bestShift = shift;
  bestBits = bits;
}

/** One group of boxes without a rule: nobody need ask whether a leaf is empty. */
function buildEmptyLeaf(): bool {
  emptyLeaf = reserve(LEAF_GROUPS + groupBytes(blocks));
  if (emptyLeaf == 0) return false;
  for (let box: u32 = 0; box < GROUP_BOXES; box++) {
    store<u32>(emptyLeaf + LEAF_GROUPS + (<usize>box << 2), marked(NO_BOX));
  }
  return true;
}

function buildLeaf(entry: usize, start: u32, size: u32): bool {
  if (size == 0) {
    storeLeaf(entry, emptyLeaf, NO_RANK);
    return true;
  }
  const groups = (size + GROUP_BOXES - 1) / GROUP_BOXES;
  if (groups > longest) longest = groups;
  const bytes = groupBytes(blocks);
  const leaf = reserve(LEAF_GROUPS + bytes * groups);
  if (leaf == 0) return false;
  storeLeaf(entry, leaf, ruleOfBox(boxAt(start)) >> rankShift);
  const last = groups * GROUP_BOXES - 1;
  for (let i: u32 = 0; i <= last; i++) {
    const group = leaf + LEAF_GROUPS + bytes * (i / GROUP_BOXES);
    const box = boxAt(start + min<u32>(i, size - 1));
    const rule = ruleOfBox(box);
    storeBox(group + (<usize>(i % GROUP_BOXES) << 2), box, i == last ? marked(rule) : rule);
  }
  return true;
}

/** Stores a box at its place in a group: `at` is that of its rule. */
function storeBox(at: usize, box: u32, rule: u32): void {
  store<u32>(at, rule);
  for (let lane: u32 = 0; lane < blocks * BLOCK_LANES; lane++) {
    const to = at + GROUP_LANES + <usize>lane * LANE_BYTES;
    store<u32>(to, firstOf(box, lane));
    store<u32>(to, lastOf(box, lane) - firstOf(box, lane), SPANS);
  }
}
