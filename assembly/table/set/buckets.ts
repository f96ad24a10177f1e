/**
 * Where a hash:ip set of IPv4 addresses keeps them: the kernel's own buckets, known from the hash
 * size, bucket size and initial value that `ipset save` shows. Rules never make a set's hash larger
 * (mtype_add() of ip_set_hash_gen.h), so what they add may find its bucket full; and with forceadd,
 * a full set gives up the first entry of the new one's bucket.
 *
 *     bucket     u32 places in use, with gaps │ u32 address per place, 0: free
 */
import { allocate } from '../../memory';
import { SetRecord, SetState } from './layout';

const JHASH_INITVAL: u32 = 0xdeadbeef;
const WORD: u32 = 4;
const MOST_GAPS: u32 = 2; // AHASH_INIT_SIZE

/** False: out of memory. */
export function allocateBuckets(set: SetRecord, state: SetState): bool {
  state.buckets = <u32>allocate(((<usize>set.bucketSize + 1) * WORD) << set.bucketBits);
  return state.buckets != 0;
}

/** Where an address's bucket lies. */
export function bucketOf(set: SetRecord, state: SetState, address: u32): usize {
  const index = jhash(bswap(address), set.initval) & ((1 << set.bucketBits) - 1);
  return <usize>state.buckets + <usize>index * ((<usize>set.bucketSize + 1) * WORD);
}

/** jhash2() of one word. */
function jhash(word: u32, initval: u32): u32 {
  let c = JHASH_INITVAL + WORD + initval;
  let b = c;
  let a = c + word;
  c = (c ^ b) - rotl(b, 14);
  a = (a ^ c) - rotl(c, 11);
  b = (b ^ a) - rotl(a, 25);
  c = (c ^ b) - rotl(b, 16);
  a = (a ^ c) - rotl(c, 4);
  b = (b ^ a) - rotl(a, 14);
  return (c ^ b) - rotl(b, 24);
}

@inline
export function placesOf(bucket: usize): u32 {
  return load<u32>(bucket);
}

@inline
export function addressAt(bucket: usize, place: u32): u32 {
  return load<u32>(bucket + WORD + <usize>place * WORD);
}

@inline
function put(bucket: usize, place: u32, address: u32): void {
  store<u32>(bucket + WORD + <usize>place * WORD, address);
}

/** The first gap, or the number of places: none. */
export function gapOf(bucket: usize): u32 {
  const places = placesOf(bucket);
  let place: u32 = 0;
  while (place < places && addressAt(bucket, place) != 0) place++;
  return place;
}

/** Puts an address into the first gap or behind the last place. */
export function enterBucket(set: SetRecord, state: SetState, address: u32): void {
  const bucket = bucketOf(set, state, address);
  const place = gapOf(bucket);
  if (place == <u32>set.bucketSize) return; // more than a bucket holds: not as the kernel saved it
  put(bucket, place, address);
  if (place == placesOf(bucket)) store<u32>(bucket, place + 1);
}

/** mtype_del(): leaves a gap, and closes them when there are two. */
export function leaveBucket(set: SetRecord, state: SetState, address: u32): void {
  const bucket = bucketOf(set, state, address);
  const places = placesOf(bucket);
  let kept: u32 = 0;
  let found = places;
  for (let i: u32 = 0; i < places; i++) {
    if (addressAt(bucket, i) == address) found = i;
    else if (addressAt(bucket, i) != 0) kept++;
  }
  if (found == places) return;
  put(bucket, found, 0);
  const left = found + 1 == places ? found : places;
  store<u32>(bucket, left);
  if (left - kept < MOST_GAPS) return;
  let to: u32 = 0;
  for (let i: u32 = 0; i < left; i++) {
    const other = addressAt(bucket, i);
    put(bucket, i, 0);
    if (other != 0) put(bucket, to++, other);
  }
  store<u32>(bucket, kept);
}
