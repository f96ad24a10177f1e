/** Bit operations on 64-bit words, by the names that the other files use. */

/** Index of the lowest set bit; 64 when there is none. */
@inline
export function lowestBit(word: u64): u32 {
  return <u32>ctz<u64>(word);
}

@inline
export function bit(index: u32): u64 {
  return <u64>1 << index;
}

/** Number of set bits below `index` (0 to 63). */
@inline
export function rankBelow(word: u64, index: u32): u32 {
  return <u32>popcnt<u64>(word & ((<u64>1 << index) - 1));
}

/** Number of set bits up to and including `index` (0 to 63). */
@inline
export function rankThrough(word: u64, index: u32): u32 {
  return <u32>popcnt<u64>(word << (63 - index));
}
