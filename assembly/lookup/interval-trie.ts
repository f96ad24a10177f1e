/**
 * A multi-bit trie from 128-bit keys to the interval they lie in. Sorted boundaries b0 = 0 < b1 < …
 * cut the key space into intervals; the trie gives the number of the last boundary that is not
 * above a key. Prefixes, ranges and single addresses all become intervals, so one trie answers for
 * all.
 *
 * The root is a table over the first ROOT bits; below it, each node looks at 6 bits (poptrie: Asai
 * and Ohara, SIGCOMM 2015). Of a node's 64 children, those that a boundary cuts are nodes; the
 * others are leaves, and a run of leaves of the same interval is stored once.
 *
 *     node      u64 inner │ u64 runs │ u32 children │ u32 leaves           24 bytes
 *     inner     bit c: child c is the node children + rank(inner below c) × 24
 *     runs      bit c: a run of leaves begins at c; leaf c is leaves[rank(runs through c) - 1]
 *
 * An entry of the root is a node's address (even), or interval << 1 | 1.
 */
import { reserve } from './arena';
import { bit, rankBelow, rankThrough } from './bits';
import { KEY_BYTES } from './key';

const STRIDE: u32 = 6;
const NODE_BYTES: usize = 24;
const FANOUT: u32 = 64;

@unmanaged
class Node {
  inner: u64;
  runs: u64;
  children: u32;
  leaves: u32;
}

/** A built trie. */
@unmanaged
export class IntervalTrie {
  rootBits: u32; // 4, 10 or 16: then strides of 6 end at bits 64 and (nearly) 128
  root: u32; // u32 entries
}

/** Bits of the root for a number of intervals: a larger root is faster, and larger. */
function chooseRootBits(intervals: u32): u32 {
  if (intervals <= 16) return 4;
  return intervals <= 512 ? 10 : 16;
}

/** `count` bits (1 to 16) of a key from bit `position` on; bits beyond the key are 0. */
@inline
function keyBits(high: u64, low: u64, position: u32, count: u32): u32 {
  // Positions are 4 + 6n, so no piece reaches across bit 64.
  const word = position < 64 ? high << position : low << (position - 64);
  return <u32>(word >> (64 - count));
}

/** Whether a key has any bit set from `position` on. */
@inline
function hasBitsFrom(high: u64, low: u64, position: u32): bool {
  if (position < 64) return high << position != 0 || low != 0;
  return position < 128 && low << (position - 64) != 0;
}

/**
 * Builds the trie over `count` boundaries (keys ascending, the first one 0) at `keys`. Returns 0
 * when memory runs out.
 */
export function buildIntervalTrie(keys: usize, count: u32): usize {
  const trie = changetype<IntervalTrie>(reserve(offsetof<IntervalTrie>()));
  const rootBits = chooseRootBits(count);
  const entries: u32 = 1 << rootBits;
  const root = reserve(<usize>entries * 4);
  if (changetype<usize>(trie) == 0 || root == 0) return 0;
  trie.rootBits = rootBits;
  trie.root = <u32>root;
  let next: u32 = 0;
  for (let entry: u32 = 0; entry < entries; entry++) {
    const first = next;
    while (next < count && childOf(keys, next, 0, rootBits) == entry) next++;
    const cut = isCut(keys, first, next, rootBits);
    let value = (intervalAtStart(keys, first, next, rootBits) << 1) | 1;
    if (cut) {
      const node = reserve(NODE_BYTES);
      if (node == 0) return 0;
      if (!buildNode(changetype<Node>(node), keys, first, next, rootBits)) return 0;
      value = <u32>node;
    }
    store<u32>(root + <usize>entry * 4, value);
  }
  return changetype<usize>(trie);
}

@inline
function childOf(keys: usize, index: u32, position: u32, count: u32): u32 {
  const key = keys + <usize>index * KEY_BYTES;
  return keyBits(load<u64>(key), load<u64>(key, 8), position, count);
}

/** Whether one of the boundaries first … next - 1 lies inside a child, not at its start. */
function isCut(keys: usize, first: u32, next: u32, position: u32): bool {
  if (first == next) return false;
  const last = keys + <usize>(next - 1) * KEY_BYTES;
  return hasBitsFrom(load<u64>(last), load<u64>(last, 8), position);
}

/** Interval at the start of the child whose boundaries are first … next - 1. */
function intervalAtStart(keys: usize, first: u32, next: u32, position: u32): u32 {
  if (first < next) {
    const key = keys + <usize>first * KEY_BYTES;
    if (!hasBitsFrom(load<u64>(key), load<u64>(key, 8), position)) return first;
  }
  return first - 1; // boundary 0 is key 0, so `first` is not 0 here
}

/** Fills the node for boundaries first … end - 1, whose keys agree up to `position`. */
function buildNode(
  node: Node,
  keys: usize,
  first: u32,
  end: u32,
  position: u32,
): bool {
  let inner: u64 = 0;
  let runs: u64 = 0;
  let next = first;
  let leaf: u32 = u32.MAX_VALUE;
  for (let child: u32 = 0; child < FANOUT; child++) {
    const from = next;
    while (next < end && childOf(keys, next, position, STRIDE) == child) next++;
    if (isCut(keys, from, next, position + STRIDE)) {
      inner |= bit(child);
      continue;
    }
    const interval = intervalAtStart(keys, from, next, position + STRIDE);
    if (interval != leaf) runs |= bit(child);
    leaf = interval;
  }
  node.inner = inner;
  node.runs = runs;
  node.children = <u32>reserve(<usize>popcnt<u64>(inner) * NODE_BYTES);
  node.leaves = <u32>reserve(<usize>popcnt<u64>(runs) * 4);
  if (node.children == 0 || node.leaves == 0) return false;
  return fillNode(node, keys, first, end, position);
}

function fillNode(
  node: Node,
  keys: usize,
  first: u32,
  end: u32,
  position: u32,
): bool {
  let next = first;
  let children: usize = node.children;
  let leaves: usize = node.leaves;
  for (let child: u32 = 0; child < FANOUT; child++) {
    const from = next;
    while (next < end && childOf(keys, next, position, STRIDE) == child) next++;
    if (node.inner & bit(child)) {
      const below = changetype<Node>(children);
      if (!buildNode(below, keys, from, next, position + STRIDE)) return false;
      children += NODE_BYTES;
    } else if (node.runs & bit(child)) {
      store<u32>(leaves, intervalAtStart(keys, from, next, position + STRIDE));
      leaves += 4;
    }
  }
  return true;
}

/** Number of the interval that a key lies in. */
export function intervalOf(trie: IntervalTrie, high: u64, low: u64): u32 {
  const rootBits = trie.rootBits;
  const entry = load<u32>(<usize>trie.root + (<usize>(high >> (64 - rootBits)) << 2));
  if (entry & 1) return entry >> 1;
  let node = changetype<Node>(<usize>entry);
  let position = rootBits;
  while (true) {
    const child = keyBits(high, low, position, STRIDE);
    const inner = node.inner;
    if ((inner & bit(child)) == 0) {
      return load<u32>(<usize>node.leaves + (<usize>(rankThrough(node.runs, child) - 1) << 2));
    }
    node = changetype<Node>(<usize>node.children + <usize>rankBelow(inner, child) * NODE_BYTES);
    position += STRIDE;
  }
}
