/**
 * Where connections are found: a hash from the tuples of both directions to references, in buckets
 * of one cache line.
 *
 *     0  tag, u16, of each place │ 20 passed 12, away 2 of each place │ 24 ref, u32, of each place
 *
 * The low bits of a hash are its bucket, the high ones its tag; a tag of 0 is a free place. What
 * finds its bucket full goes on to the next one, and every bucket that it passed counts it: a
 * search ends at the first bucket that nothing passed. So a look-up costs one line and a
 * comparison of ten tags, meets no tombstones, and touches no connection but that with an equal
 * tag.
 *
 *     ref    address of the Conn (a multiple of 32) | direction of the tuple
 *
 * A ref has four bits to spare; in the table they hold those of the hash between the least
 * number of buckets and the tag. `away` says how many buckets it is away from its own. So its
 * whole hash is known when the table grows, which then reads and writes in order, and not from
 * connections all over memory.
 */
import { allocate, SYSTEM_PAGE, touch } from '../memory';

const BUCKET: usize = 64;
const BUCKET_SHIFT: usize = 6;
const PLACES: u32 = 10; // per bucket
const PASSED: usize = 20;
const PASSED_BITS: u32 = 12;
const PASSED_MASK: u32 = (1 << PASSED_BITS) - 1; // passed so often or more: no more counted
const AWAY_FAR: u32 = 3; // buckets, or more
const REFS: usize = 24;
const ALL_PLACES: u32 = (1 << PLACES) - 1;
const TAG_SHIFT: u32 = 16;
const FULLEST: u32 = 13; // sixteenths: beyond, what is not there is looked for in many lines
const FIRST_BITS: u32 = 13;
const FIRST_BUCKETS: u32 = 1 << FIRST_BITS;
const SPARE: u32 = 0x1e; // of a ref
const SPARE_SHIFT: u32 = FIRST_BITS - 1;
const MAX_BUCKETS: u32 = 1 << 25;

let buckets: usize = 0;
let bucketMask: u32 = 0;
let used: u32 = 0;

/** Prepares an empty table. False when memory runs out. */
export function attachTupleIndex(): bool {
  buckets = allocate(<usize>FIRST_BUCKETS * BUCKET);
  bucketMask = FIRST_BUCKETS - 1;
  used = 0;
  return buckets != 0;
}

/** Hash of a tuple. `ports`: source | destination << 16; `key`: see table.ts. */
@inline
export function hashTuple(src: u32, dst: u32, ports: u32, key: u32): u32 {
  return hashWords(<u64>src | (<u64>dst << 32), ports, key);
}

/** The same with both addresses in one word. */
@inline
export function hashWords(addresses: u64, ports: u32, key: u32): u32 {
  let h = addresses * 0x9e3779b97f4a7c15;
  h = (h ^ (h >> 32) ^ (<u64>ports | (<u64>key << 32))) * 0xd6e8feb86659fd93;
  return <u32>(h ^ (h >> 32));
}

/** Address of the bucket where the search for a hash begins. */
@inline
export function bucketOf(hash: u32): usize {
  return buckets + (<usize>(hash & bucketMask) << BUCKET_SHIFT);
}

/** Address of the bucket behind this one, or 0 when the search ends here. */
@inline
export function bucketAfter(bucket: usize): usize {
  if ((load<u32>(bucket, PASSED) & PASSED_MASK) == 0) return 0;
  return next(bucket);
}

@inline
function next(bucket: usize): usize {
  const mask = (<usize>bucketMask << BUCKET_SHIFT) | (BUCKET - 1);
  return buckets + ((bucket - buckets + BUCKET) & mask);
}

/** Tag of a hash, never 0: the bit given up for that chooses buckets where there are many. */
@inline
function tagOf(hash: u32): u32 {
  return (hash >> TAG_SHIFT) | 1;
}

/** Places of a bucket with the tag of this hash: bit i for place i. */
@inline
export function placesWith(bucket: usize, hash: u32): u32 {
  return placesTagged(bucket, tagOf(hash));
}

@inline
function placesTagged(bucket: usize, tag: u32): u32 {
  const wanted = i16x8.splat(<i16>tag);
  const low = i16x8.eq(v128.load(bucket), wanted);
  const high = i16x8.eq(v128.load(bucket, 16), wanted);
  return i8x16.bitmask(v128.narrow<i16>(low, high)) & ALL_PLACES;
}

@inline
function placedRef(bucket: usize, place: u32): u32 {
  return load<u32>(bucket + (<usize>place << 2), REFS);
}

/** Reference in the lowest of `places`, of which there must be one. */
@inline
export function refAt(bucket: usize, places: u32): u32 {
  return placedRef(bucket, ctz<u32>(places)) & ~SPARE;
}

@inline
function awayShift(place: u32): u32 {
  return PASSED_BITS + 2 * place;
}

/** Enters a reference. There must be room, see growIndex(). */
export function enter(hash: u32, ref: u32): void {
  let bucket = bucketOf(hash);
  let away: u32 = 0;
  let free = placesTagged(bucket, 0);
  while (free == 0) {
    const passed = load<u32>(bucket, PASSED);
    if ((passed & PASSED_MASK) != PASSED_MASK) store<u32>(bucket, passed + 1, PASSED);
    bucket = next(bucket);
    free = placesTagged(bucket, 0);
    away++;
  }
  const place = ctz<u32>(free);
  put(bucket, place, tagOf(hash), ref | ((hash >> SPARE_SHIFT) & SPARE));
  if (away != 0) {
    const word = load<u32>(bucket, PASSED);
    store<u32>(bucket, word | (min<u32>(away, AWAY_FAR) << awayShift(place)), PASSED);
  }
  used++;
}

@inline
function put(bucket: usize, place: u32, tag: u32, placed: u32): void {
  store<u16>(bucket + (<usize>place << 1), <u16>tag);
  store<u32>(bucket + (<usize>place << 2), placed, REFS);
}

/** Takes a reference out. It must be there. */
export function leave(hash: u32, ref: u32): void {
  let bucket = bucketOf(hash);
  for (;;) {
    const passed = load<u32>(bucket, PASSED);
    for (let places = placesWith(bucket, hash); places != 0; places &= places - 1) {
      if (refAt(bucket, places) != ref) continue;
      const place = ctz<u32>(places);
      store<u16>(bucket + (<usize>place << 1), 0);
      store<u32>(bucket, passed & ~(AWAY_FAR << awayShift(place)), PASSED);
      used--;
      return;
    }
    if ((passed & PASSED_MASK) != PASSED_MASK) store<u32>(bucket, passed - 1, PASSED);
    bucket = next(bucket);
  }
}

/** Bytes of the table. */
export function indexBytes(): usize {
  return (<usize>bucketMask + 1) << BUCKET_SHIFT;
}

/**
 * Makes room for two more references; `hashOf` says the hash of the tuple that one stands for.
 * Returns the address of the table that was left behind (of half the size now), 0 when there was
 * room or memory has run out.
 */
export function growIndex(hashOf: (ref: u32) => u32): usize {
  const count = bucketMask + 1;
  const places = count * PLACES;
  if (used + 2 <= (places >> 4) * FULLEST) return 0;
  const bigger: usize = count >= MAX_BUCKETS ? 0 : allocate(<usize>count * 2 * BUCKET);
  if (bigger == 0) return 0;
  const old = buckets;
  const kept = used;
  buckets = bigger;
  bucketMask = count * 2 - 1;
  const half = <usize>count << BUCKET_SHIFT;
  for (let b: u32 = 0; b < count; b++) {
    const low = bigger + (<usize>b << BUCKET_SHIFT);
    if ((low & (SYSTEM_PAGE - 1)) == 0) {
      touch(low);
      touch(low + half);
    }
    split(old, b, count, hashOf);
  }
  used = kept;
  return old;
}

/**
 * Shares what is in bucket number `b` of the `count` that were in the table at `old` out to the two
 * buckets that it becomes; what is away from its own, to those that that one became.
 */
function split(old: usize, b: u32, count: u32, hashOf: (ref: u32) => u32): void {
  const from = old + (<usize>b << BUCKET_SHIFT);
  const low = buckets + (<usize>b << BUCKET_SHIFT);
  const high = low + (<usize>count << BUCKET_SHIFT);
  const passed = load<u32>(from, PASSED);
  let lowNext = placesTaken(low); // some came here from the bucket before
  let highNext = placesTaken(high);
  let strangers: u32 = 0;
  for (let taken = placesTagged(from, 0) ^ ALL_PLACES; taken != 0; taken &= taken - 1) {
    const place = ctz<u32>(taken);
    const isHigh = (hashAt(from, b, place) & count) != 0;
    const to = select(highNext, lowNext, isHigh);
    if (((passed >> awayShift(place)) & AWAY_FAR) != 0 || to == PLACES) {
      strangers |= 1 << place;
      continue;
    }
    const tag = load<u16>(from + (<usize>place << 1));
    put(select(high, low, isHigh), to, tag, placedRef(from, place));
    highNext += <u32>isHigh;
    lowNext += <u32>!isHigh;
  }
  for (; strangers != 0; strangers &= strangers - 1) {
    const place = ctz<u32>(strangers);
    const away = (passed >> awayShift(place)) & AWAY_FAR;
    const ref = refAt(from, strangers);
    enter(away == AWAY_FAR ? hashOf(ref) : hashAt(from, (b - away) & (count - 1), place), ref);
  }
}

@inline
function placesTaken(bucket: usize): u32 {
  return PLACES - popcnt<u32>(placesTagged(bucket, 0));
}

/** The hash of what is at a place and belongs to bucket number `home`. */
@inline
function hashAt(bucket: usize, home: u32, place: u32): u32 {
  const tag = <u32>load<u16>(bucket + (<usize>place << 1));
  const middle = (placedRef(bucket, place) & SPARE) << SPARE_SHIFT; // the tag's lowest bit, too
  return ((tag >> 1) << (TAG_SHIFT + 1)) | middle | (home & (FIRST_BUCKETS - 1));
}

/** Whether two more references fit. */
@inline
export function hasIndexRoom(): bool {
  return used + 2 <= (bucketMask + 1) * PLACES;
}
