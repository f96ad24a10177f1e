/**
 * Equivalence classes. The ranges that all rules of a family test in one dimension cut its values
 * into intervals; values of one interval are alike for every rule. A packet's value becomes the
 * number of its interval, its class, and a rule's range becomes a run of classes.
 *
 *     ranges  [80,80] [1024,65535]    cuts 80 81 1024    classes 0:0-79 1:80 2:81-1023 3:1024-
 *
 * Small dimensions hold the class of each value. Addresses hold the sorted cuts, found by their top
 * 16 bits and then by bisection; an IPv4 address is the top 32 bits of the key.
 *
 *     Dimension  ┌ classes ┬ cuts ┬ table ┬ buckets ┐  32 bytes, per family and dimension
 */
import { DIM_COUNT, DIM_DST, DIM_SRC } from '../abi-match';
import { FAMILY_V4 } from '../abi';
import { v6Bytes } from '../address';
import { allocate } from '../memory';
import { sortKeys } from './sort';

@unmanaged
export class Dimension {
  classes: u32; // 0: no rule tests this dimension
  domain: u32; // small dimensions: number of values
  cuts: u32; // {u64 high, u64 low}, ascending; cut n begins class n + 1
  cutCount: u32;
  table: u32; // small: u16 class of each value
  buckets: u32; // addresses: u32 first cut at or above each value of the top 16 bits, and the end
  capacity: u32;
  reserved: u32;
}

@inline
export function isAddressDimension(dim: u32): bool {
  return dim == DIM_SRC || dim == DIM_DST;
}

@inline
export function dimensionAt(base: usize, family: u32, dim: u32): Dimension {
  const f: u32 = family == FAMILY_V4 ? 0 : 1;
  return changetype<Dimension>(base + <usize>(f * DIM_COUNT + dim) * offsetof<Dimension>());
}

export function allocateDimensions(): usize {
  return allocate(2 * DIM_COUNT * offsetof<Dimension>());
}

/** Adds the range between two keys (inclusive) to a dimension. False when memory runs out. */
export function addRange(d: Dimension, lowHi: u64, lowLo: u64, highHi: u64, highLo: u64): bool {
  if (!addCut(d, lowHi, lowLo)) return false;
  const lo = highLo + 1;
  const hi = lo == 0 ? highHi + 1 : highHi;
  if (lo == 0 && hi == 0) return true; // reaches the end
  return addCut(d, hi, lo);
}

function addCut(d: Dimension, hi: u64, lo: u64): bool {
  if (hi == 0 && lo == 0) {
    if (d.classes == 0) d.classes = 1;
    return true; // nothing lies below
  }
  if (d.cutCount == d.capacity) {
    const bigger: u32 = d.capacity == 0 ? 64 : d.capacity * 2;
    const at = allocate(<usize>bigger << 4);
    if (at == 0) return false;
    memory.copy(at, d.cuts, <usize>d.cutCount << 4);
    d.cuts = <u32>at;
    d.capacity = bigger;
  }
  const at = <usize>d.cuts + (<usize>(d.cutCount++) << 4);
  store<u64>(at, hi);
  store<u64>(at, lo, 8);
  d.classes = 1;
  return true;
}

/** Sorts the cuts and builds the look-up. False when memory runs out. */
export function finishDimension(d: Dimension, isAddress: bool): bool {
  if (d.classes == 0) return true;
  d.cutCount = sortKeys(d.cuts, d.cutCount);
  d.classes = d.cutCount + 1;
  return isAddress ? buildBuckets(d) : buildTable(d);
}

function buildTable(d: Dimension): bool {
  const table = allocate(<usize>d.domain * 2);
  if (table == 0) return false;
  d.table = <u32>table;
  let next: u32 = 0;
  for (let v: u32 = 0; v < d.domain; v++) {
    while (next < d.cutCount && load<u64>(<usize>d.cuts + (<usize>next << 4), 8) <= v) next++;
    store<u16>(table + <usize>v * 2, <u16>next);
  }
  return true;
}

function buildBuckets(d: Dimension): bool {
  const buckets = allocate(65537 * 4);
  if (buckets == 0) return false;
  d.buckets = <u32>buckets;
  let next: u32 = 0;
  for (let v: u32 = 0; v <= 65536; v++) {
    while (next < d.cutCount && <u32>(load<u64>(<usize>d.cuts + (<usize>next << 4)) >> 48) < v) next++;
    store<u32>(buckets + <usize>v * 4, next);
  }
  return true;
}

/** Class of a key: how many cuts are at or below it. */
export function keyClass(d: Dimension, hi: u64, lo: u64): u32 {
  const bucket = <usize>d.buckets + (<usize>(hi >> 48) << 2);
  let low = load<u32>(bucket);
  let high = load<u32>(bucket, 4);
  while (low < high) {
    const mid = (low + high) >> 1;
    const at = <usize>d.cuts + (<usize>mid << 4);
    const cutHi = load<u64>(at);
    if (cutHi < hi || (cutHi == hi && load<u64>(at, 8) <= lo)) low = mid + 1;
    else high = mid;
  }
  return low;
}

/** Class of an address handle. */
export function addressClass(d: Dimension, family: u32, handle: u32): u32 {
  if (family == FAMILY_V4) return keyClass(d, <u64>handle << 32, 0);
  const at = v6Bytes(handle);
  return keyClass(d, bswap<u64>(load<u64>(at)), bswap<u64>(load<u64>(at, 8)));
}

/** Class of a value of a small dimension. */
@inline
export function valueClass(d: Dimension, value: u32): u32 {
  return load<u16>(<usize>d.table + (<usize>value << 1));
}
