/** Bob Jenkins' hash as the kernel has it (include/linux/jhash.h): some rules' answers show it. */
const INITVAL: u32 = 0xdeadbeef;

/** jhash_3words(); with `words` 1 and zeroes behind the first, jhash_1word(). */
export function jhashWords(a: u32, b: u32, c: u32, words: u32, seed: u32): u32 {
  const start = INITVAL + (words << 2) + seed;
  return final(a + start, b + start, c + start);
}

function final(a: u32, b: u32, c: u32): u32 {
  c = (c ^ b) - rotl<u32>(b, 14);
  a = (a ^ c) - rotl<u32>(c, 11);
  b = (b ^ a) - rotl<u32>(a, 25);
  c = (c ^ b) - rotl<u32>(b, 16);
  a = (a ^ c) - rotl<u32>(c, 4);
  b = (b ^ a) - rotl<u32>(a, 14);
  return (c ^ b) - rotl<u32>(b, 24);
}

/** Brings a hash into 0 … `count` - 1 (reciprocal_scale). */
@inline
export function scaled(hash: u32, count: u32): u32 {
  return <u32>((<u64>hash * count) >> 32);
}
