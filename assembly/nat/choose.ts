/**
 * An address out of a range (find_best_ips_proto() of nf_nat_core.c): a hash of the tuple's
 * addresses, so that a client keeps its address. The hash has no secret, so the choice of a kernel
 * on a little endian machine is reproduced exactly.
 */
import { FAMILY_V4 } from '../abi';
import { internV6, writeAddress } from '../address';
import { allocate } from '../memory';
import { tupleDst, tupleSrc } from '../conntrack/tuple';
import { RANGE_PERSISTENT, rangeFlags, rangeMax, rangeMin } from './range';

const JHASH_INITVAL: u32 = 0xdeadbeef;

let scratch: usize = 0; // source, destination, result: 16 bytes each, network order

export function attachChoose(): bool {
  if (scratch == 0) scratch = allocate(48);
  return scratch != 0;
}

/** jhash2() of <linux/jhash.h> over the four words at `at`. */
function jhashAddress(at: usize, initval: u32): u32 {
  const start = JHASH_INITVAL + (4 << 2) + initval;
  let a = start + load<u32>(at);
  let b = start + load<u32>(at, 4);
  let c = start + load<u32>(at, 8);
  a -= c; a ^= rotl<u32>(c, 4); c += b;
  b -= a; b ^= rotl<u32>(a, 6); a += c;
  c -= b; c ^= rotl<u32>(b, 8); b += a;
  a -= c; a ^= rotl<u32>(c, 16); c += b;
  b -= a; b ^= rotl<u32>(a, 19); a += c;
  c -= b; c ^= rotl<u32>(b, 4); b += a;
  a += load<u32>(at, 12);
  c ^= b; c -= rotl<u32>(b, 14);
  a ^= c; a -= rotl<u32>(c, 11);
  b ^= a; b -= rotl<u32>(a, 25);
  c ^= b; c -= rotl<u32>(b, 16);
  a ^= c; a -= rotl<u32>(c, 4);
  b ^= a; b -= rotl<u32>(a, 14);
  c ^= b; c -= rotl<u32>(b, 24);
  return c;
}

@inline
function scale(value: u32, range: u32): u32 {
  return <u32>((<u64>value * <u64>range) >> 32);
}

/** Handle of the range's address for the tuple in tuple.ts. */
export function chooseAddress(family: u32, zone: u32, manip: u32): u32 {
  const src = scratch;
  const dst = scratch + 16;
  const chosen = scratch + 32;
  writeAddress(family, tupleSrc, src);
  writeAddress(family, tupleDst, dst);
  const words: usize = family == FAMILY_V4 ? 1 : 4;
  const persistent = (rangeFlags & RANGE_PERSISTENT) != 0;
  let j = jhashAddress(src, persistent ? 0 : load<u32>(dst + (words - 1) * 4) ^ zone);
  let full = false; // once a word is below the highest's, those behind it are free
  for (let i: usize = 0; i < words * 4; i += 4) {
    const low = full ? 0 : bswap<u32>(load<u32>(rangeMin + i));
    const high = bswap<u32>(load<u32>(rangeMax + i));
    const distance = full ? 0xffffffff : high - low + 1;
    const word = bswap<u32>(low + scale(j, distance));
    store<u32>(chosen + i, word);
    if (word != load<u32>(rangeMax + i)) full = true;
    // The kernel writes into the tuple: for a destination it mixes in what it just chose.
    if (!persistent) j ^= manip == 0 ? load<u32>(dst + i) : word;
  }
  return family == FAMILY_V4 ? bswap<u32>(load<u32>(chosen)) : internV6(chosen);
}
