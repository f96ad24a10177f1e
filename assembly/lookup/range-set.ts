/**
 * A set of 128-bit keys made of ranges, which may overlap and touch. What is kept are the edges at
 * which it begins and ends, ascending: a key is in the set when an odd number of edges is not above
 * it.
 *
 *     ranges   10 ─────── 19      40 ── 49
 *                   15 ────── 24
 *     edges    10             25  40       50
 */
import { reserve } from './arena';
import { compareKeys, KEY_BYTES, sortKeys } from './key';

/** A range as it is given: its first key, then its last. */
export const RANGE_BYTES: usize = 2 * KEY_BYTES;

@unmanaged
export class RangeSet {
  edges: u32; // keys; one behind a range's last
  count: u32;
}

/** The set of `count` ranges at `ranges`. 0: out of memory. */
export function buildRangeSet(ranges: usize, count: u32): usize {
  const set = changetype<RangeSet>(reserve(offsetof<RangeSet>()));
  const most = <usize>count * 2;
  const edges = reserve(most * KEY_BYTES);
  const scratch = reserve(most * KEY_BYTES);
  const changes = reserve(most * 4); // at each edge: ranges that begin less ranges that end
  if (changetype<usize>(set) == 0 || edges == 0 || scratch == 0 || changes == 0) return 0;
  const end = ranges + <usize>count * RANGE_BYTES;
  let next = edges;
  for (let range = ranges; range < end; range += RANGE_BYTES) {
    if (isEmpty(range)) continue;
    memory.copy(next, range, KEY_BYTES);
    next += KEY_BYTES;
    if (storeBehind(range, next)) next += KEY_BYTES;
  }
  set.edges = <u32>edges;
  set.count = sortKeys(edges, <u32>((next - edges) / KEY_BYTES), scratch);
  for (let range = ranges; range < end; range += RANGE_BYTES) {
    if (isEmpty(range)) continue;
    change(set, changes, range, 1);
    if (storeBehind(range, scratch)) change(set, changes, scratch, -1);
  }
  keepOuterEdges(set, changes);
  return changetype<usize>(set);
}

@inline
function isEmpty(range: usize): bool {
  return compareKeys(range + KEY_BYTES, range) < 0;
}

/** Writes the key behind the range's last. False: there is none. */
function storeBehind(range: usize, at: usize): bool {
  const high = load<u64>(range, KEY_BYTES);
  const low = load<u64>(range, KEY_BYTES + 8) + 1;
  store<u64>(at, low == 0 ? high + 1 : high);
  store<u64>(at, low, 8);
  return low != 0 || high + 1 != 0;
}

function change(set: RangeSet, changes: usize, key: usize, by: i32): void {
  const index = edgesThrough(set, load<u64>(key), load<u64>(key, 8)) - 1;
  const at = changes + (<usize>index << 2);
  store<i32>(at, load<i32>(at) + by);
}

/** Drops edges inside of the set: those of ranges that overlap or touch. */
function keepOuterEdges(set: RangeSet, changes: usize): void {
  const edges = <usize>set.edges;
  let depth: i32 = 0;
  let kept: u32 = 0;
  for (let i: u32 = 0; i < set.count; i++) {
    const before = depth;
    depth += load<i32>(changes + (<usize>i << 2));
    if ((before > 0) == (depth > 0)) continue;
    memory.copy(edges + <usize>kept * KEY_BYTES, edges + <usize>i * KEY_BYTES, KEY_BYTES);
    kept++;
  }
  set.count = kept;
}

/** Number of edges that are not above the key. */
function edgesThrough(set: RangeSet, high: u64, low: u64): u32 {
  let from: u32 = 0;
  let to = set.count;
  while (from < to) {
    const middle = (from + to) >> 1;
    const edge = <usize>set.edges + <usize>middle * KEY_BYTES;
    const edgeHigh = load<u64>(edge);
    if (edgeHigh < high || (edgeHigh == high && load<u64>(edge, 8) <= low)) from = middle + 1;
    else to = middle;
  }
  return from;
}

export function containsKey(set: RangeSet, high: u64, low: u64): bool {
  return (edgesThrough(set, high, low) & 1) != 0;
}
