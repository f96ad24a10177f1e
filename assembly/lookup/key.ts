/**
 * 128-bit keys as pairs of 64-bit words, most significant first. An IPv4 address is a key whose
 * upper 32 bits are the address: one implementation serves both widths, and a trie over IPv4 keys
 * simply never gets beyond bit 32.
 */
export const KEY_BYTES: usize = 16;

/** Compares two keys in memory: negative, 0 or positive. */
@inline
export function compareKeys(a: usize, b: usize): i32 {
  const high = load<u64>(a);
  const otherHigh = load<u64>(b);
  if (high != otherHigh) return high < otherHigh ? -1 : 1;
  const low = load<u64>(a, 8);
  const otherLow = load<u64>(b, 8);
  return low == otherLow ? 0 : low < otherLow ? -1 : 1;
}

/** Sorts `count` keys ascending and drops repeated ones; `scratch` has room for as many. */
export function sortKeys(keys: usize, count: u32, scratch: usize): u32 {
  if (count == 0) return 0;
  let from = keys;
  let to = scratch;
  for (let width: u32 = 1; width < count; width *= 2) {
    for (let start: u32 = 0; start < count; start += width * 2) {
      mergeRuns(from, to, start, width, count);
    }
    const swap = from;
    from = to;
    to = swap;
  }
  if (from != keys) memory.copy(keys, from, <usize>count * KEY_BYTES);
  let kept: u32 = 1;
  for (let i: u32 = 1; i < count; i++) {
    const key = keys + <usize>i * KEY_BYTES;
    if (compareKeys(key, keys + <usize>(kept - 1) * KEY_BYTES) == 0) continue;
    memory.copy(keys + <usize>kept * KEY_BYTES, key, KEY_BYTES);
    kept++;
  }
  return kept;
}

function mergeRuns(from: usize, to: usize, start: u32, width: u32, count: u32): void {
  const middle = min<u32>(start + width, count);
  const end = min<u32>(start + width * 2, count);
  let left = start;
  let right = middle;
  for (let out = start; out < end; out++) {
    const a = from + <usize>left * KEY_BYTES;
    const b = from + <usize>right * KEY_BYTES;
    const takeLeft = left < middle && (right >= end || compareKeys(a, b) <= 0);
    const key = takeLeft ? a : b;
    const at = to + <usize>out * KEY_BYTES;
    store<u64>(at, load<u64>(key));
    store<u64>(at, load<u64>(key, 8), 8);
    if (takeLeft) left++;
    else right++;
  }
}
