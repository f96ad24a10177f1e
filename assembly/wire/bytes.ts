/** Reads of network byte order; the caller has checked the length. */

@inline
export function be16(at: usize): u32 {
  return <u32>bswap<u16>(load<u16>(at));
}

@inline
export function be32(at: usize): u32 {
  return bswap<u32>(load<u32>(at));
}

@inline
export function minU32(a: u32, b: u32): u32 {
  return a < b ? a : b;
}
