/**
 * This worker's connections: slabs of Conn, and both tuples of each confirmed one in
 * tuple-index.ts.
 *
 * Time is the capture's, which may step back. A connection is dead for a packet at or after
 * Conn.expires and is then unlinked by the look-up that finds it, as in the kernel. What nobody
 * looks for any more is swept, a few entries for each new connection, and only when it is dead by
 * SWEEP_MARGIN, so that no later packet can tell whether it was swept. At the end of the table the
 * sweep rests, so that connections that begin in quick succession do not read all of it again.
 *
 * Unlinked connections are freed when the next packet begins: the one at hand may still hold one.
 */
import { FAMILY_V4 } from '../abi';
import { allocate, clear } from '../memory';
import { unlinkSource } from './by-source';
import { Conn, IPS_CONFIRMED, IPS_DYING } from './conn';
import { attachExtras, zoneOf } from './extra';
import { mappingsFull } from './mapping';
import {
  attachTupleIndex,
  bucketAfter,
  bucketOf,
  enter,
  hashTuple,
  hashWords,
  hasIndexRoom,
  leave,
  indexBytes,
  placesWith,
  refAt,
  growIndex,
} from './tuple-index';
import { tupleDport, tupleDst, tupleProto, tupleSport, tupleSrc } from './tuple';

const FIRST_SLAB: u32 = 1024; // connections
const MAX_SLAB: u32 = 16384;
const MAX_SLABS: u32 = 8192;
const SWEEP_STEPS: u32 = 3; // entries looked at for each new one
const SWEEP_MARGIN: u64 = 60_000_000_000;
const SWEEP_REST: u64 = 15_000_000_000;
const TUPLE_SIZE: usize = offsetof<Conn>('proto') - offsetof<Conn>('replSrc');

let connBytes: usize = 0; // from one to the next: Conn, and what extra.ts has behind it
let slabs: usize = 0; // {u32 address, u32 connections} of each slab
let slabCount: u32 = 0;
let nextSlab: u32 = FIRST_SLAB;
let freshSlab: u32 = 0; // the slab of the first connection that was never used, …
let freshIndex: u32 = 0; // … and where it is there
let freeList: usize = 0; // used ones, linked by the first word
let dyingList: usize = 0;
let sweepSlab: u32 = 0;
let sweepIndex: u32 = 0;
let sweepFrom: u64 = 0; // the sweep rests till then
let outOfMemory: bool = false;

let foundDirection: u32 = 0;

if (DEBUG) assert(offsetof<Conn>() % 32 == 0); // must be: then it is never in three lines

/** Prepares an empty table. False when memory runs out. */
export function attachTable(): bool {
  connBytes = offsetof<Conn>() + attachExtras();
  slabs = allocate(<usize>MAX_SLABS * 8);
  slabCount = 0;
  nextSlab = FIRST_SLAB;
  freshSlab = 0;
  freshIndex = 0;
  freeList = 0;
  dyingList = 0;
  sweepSlab = 0;
  sweepIndex = 0;
  sweepFrom = 0;
  outOfMemory = false;
  return slabs != 0 && attachTupleIndex();
}

/** Whether a connection could not be kept for lack of memory (its packets were dropped). */
export function tableFull(): bool {
  return outOfMemory || mappingsFull();
}

/** Direction of the tuple that the last successful look-up found. */
@inline
export function foundDir(): u32 {
  return foundDirection;
}

/** Makes foundDir() the other direction. */
export function turnFound(): void {
  foundDirection ^= 1;
}

/** Protocol, family and zone as one word. */
@inline
function keyOf(proto: u32, family: u32, zone: u32): u32 {
  return proto | (family << 8) | (zone << 16);
}

const BOTH: u32 = 3; // directions, a bit each

/**
 * The live connection that has this tuple in either direction at time `now`, or 0; foundDir() tells
 * which. Ports as in Conn.
 */
export function find(
  family: u32,
  proto: u32,
  src: u32,
  dst: u32,
  sport: u32,
  dport: u32,
  zone: u32,
  now: u64,
): usize {
  return search(family, proto, src, dst, sport, dport, zone, BOTH, now);
}

/** As find(), in the default zone, of an IPv4 tuple whose hashAhead() is `hash`. */
export function findHashed(
  hash: u32,
  proto: u32,
  src: u32,
  dst: u32,
  ports: u32,
  now: u64,
): usize {
  return searchHashed(hash, FAMILY_V4, proto, src, dst, ports, 0, BOTH, now);
}

@inline
function search(
  family: u32,
  proto: u32,
  src: u32,
  dst: u32,
  sport: u32,
  dport: u32,
  zone: u32,
  dirs: u32,
  now: u64,
): usize {
  const ports = sport | (dport << 16);
  const hash = hashTuple(src, dst, ports, keyOf(proto, family, zone));
  return searchHashed(hash, family, proto, src, dst, ports, zone, dirs, now);
}

@inline
function searchHashed(
  hash: u32,
  family: u32,
  proto: u32,
  src: u32,
  dst: u32,
  ports: u32,
  zone: u32,
  dirs: u32,
  now: u64,
): usize {
  const addresses = <u64>src | (<u64>dst << 32);
  let bucket = bucketOf(hash);
  do {
    let places = placesWith(bucket, hash);
    while (places != 0) {
      const ref = refAt(bucket, places);
      const dir = ref & 1;
      const conn = changetype<Conn>(ref & ~1);
      const tuple = changetype<usize>(conn) + (dir != 0 ? offsetof<Conn>('replSrc') : 0);
      if (
        load<u64>(tuple) == addresses &&
        load<u32>(tuple, 8) == ports &&
        conn.proto == <u8>proto &&
        conn.family == <u8>family &&
        zoneOf(conn, dir) == zone &&
        (dirs == BOTH || dir == dirs >> 1)
      ) {
        if (conn.expires > now) {
          foundDirection = dir;
          return changetype<usize>(conn);
        }
        kill(conn); // its places are free now, nothing else moved
      }
      places &= places - 1;
    }
    bucket = bucketAfter(bucket);
  } while (bucket != 0);
  return 0;
}

/**
 * Hash of an IPv4 tuple in the default zone; refOf() is a reference to a connection that may have
 * it, or 0. Reading the buckets of some packets ahead, then those connections, makes their cache
 * misses overlap.
 */
@inline
export function hashAhead(proto: u32, src: u32, dst: u32, ports: u32): u32 {
  return hashTuple(src, dst, ports, keyOf(proto, FAMILY_V4, 0));
}

/** hashAhead() of addresses and ports as they follow one another in a frame record. */
@inline
export function hashRecord(proto: u32, addresses: u64, ports: u32): u32 {
  return hashWords(addresses, ports, keyOf(proto, FAMILY_V4, 0));
}

@inline
export function refOf(hash: u32): u32 {
  let bucket = bucketOf(hash);
  do {
    const places = placesWith(bucket, hash);
    if (places != 0) return refAt(bucket, places);
    bucket = bucketAfter(bucket);
  } while (bucket != 0);
  return 0;
}

/** As find(), for the tuple in tuple.ts. */
export function findTuple(family: u32, zone: u32, now: u64): usize {
  return find(family, tupleProto, tupleSrc, tupleDst, tupleSport, tupleDport, zone, now);
}

/**
 * As findTuple(), with a zone for each direction of a connection: a tuple must lie in the zone of
 * its direction (nf_ct_key_equal).
 */
export function findZoned(family: u32, original: u32, reply: u32, now: u64): usize {
  if (original == reply) return findTuple(family, original, now);
  const found = findDirected(family, original, 1, now);
  return found != 0 ? found : findDirected(family, reply, 2, now);
}

/** As findTuple(), in the zone that `conn` has in direction `dir`: what it would clash with. */
export function findRival(conn: Conn, dir: u32, now: u64): usize {
  const zone = zoneOf(conn, dir);
  if (zoneOf(conn, dir ^ 1) == zone) return findTuple(conn.family, zone, now);
  return findDirected(conn.family, zone, 1 << dir, now);
}

function findDirected(family: u32, zone: u32, dirs: u32, now: u64): usize {
  const proto = tupleProto;
  return search(family, proto, tupleSrc, tupleDst, tupleSport, tupleDport, zone, dirs, now);
}

function connHash(conn: Conn, dir: u32): u32 {
  const tuple = changetype<usize>(conn) + (dir != 0 ? offsetof<Conn>('replSrc') : 0);
  const key = keyOf(conn.proto, conn.family, zoneOf(conn, dir));
  return hashTuple(load<u32>(tuple), load<u32>(tuple, 4), load<u32>(tuple, 8), key);
}

/** Hash of the tuple that a reference stands for. */
function hashOf(ref: u32): u32 {
  return connHash(changetype<Conn>(ref & ~1), ref & 1);
}

/** Room for one more connection. False: the table is full and memory has run out. */
function reserveRoom(): bool {
  const bytes = indexBytes();
  const left = growIndex(hashOf);
  if (left != 0) addSlab(left, <u32>(bytes / connBytes)); // the old table becomes connections
  return hasIndexRoom();
}

@inline
function isLinked(conn: Conn): bool {
  return (conn.status & (IPS_CONFIRMED | IPS_DYING)) == IPS_CONFIRMED;
}

function addSlab(at: usize, count: u32): void {
  if (slabCount == MAX_SLABS) return;
  store<u32>(slabs + (<usize>slabCount << 3), <u32>at);
  store<u32>(slabs + (<usize>slabCount << 3), count, 4);
  slabCount++;
}

function slabAt(index: u32): usize {
  return load<u32>(slabs + (<usize>index << 3));
}

function slabSize(index: u32): u32 {
  return load<u32>(slabs + (<usize>index << 3), 4);
}

/** How many connections of a slab were ever used. */
@inline
function usedOf(slab: u32): u32 {
  return slab == freshSlab ? freshIndex : slabSize(slab);
}

/** Looks at the next entries, unless it rests, and frees those that are long dead at `now`. */
@inline
function sweep(now: u64): void {
  const rest = sweepFrom - now;
  if (rest == 0 || rest > SWEEP_REST) sweepOn(now); // more: time has passed, or stepped back
}

function sweepOn(now: u64): void {
  for (let i: u32 = 0; i < SWEEP_STEPS; i++) {
    if (sweepSlab == freshSlab && sweepIndex == freshIndex) {
      sweepSlab = 0;
      sweepIndex = 0;
      sweepFrom = now + SWEEP_REST;
      return;
    }
    const conn = changetype<Conn>(slabAt(sweepSlab) + <usize>sweepIndex * connBytes);
    if (isLinked(conn) && conn.expires + SWEEP_MARGIN <= now) kill(conn);
    if (++sweepIndex == slabSize(sweepSlab)) {
      sweepIndex = 0;
      sweepSlab++;
    }
  }
}

/** A zeroed connection that is in no list, or 0 when memory has run out. */
export function allocConn(now: u64): usize {
  sweep(now);
  const freed = freeList;
  if (freed != 0) freeList = load<u32>(freed);
  const conn = freed != 0 ? freed : takeFresh();
  if (conn == 0) {
    outOfMemory = true;
    return 0;
  }
  clear(conn, connBytes);
  return conn;
}

/** A connection that was never used, or 0. Its memory is touched here for the first time. */
function takeFresh(): usize {
  if (freshSlab == slabCount) {
    const at = allocate(<usize>nextSlab * connBytes);
    if (at == 0) return 0;
    addSlab(at, nextSlab);
    if (freshSlab == slabCount) return 0; // there are too many
    if (nextSlab < MAX_SLAB) nextSlab *= 2;
  }
  const conn = slabAt(freshSlab) + <usize>freshIndex * connBytes;
  if (++freshIndex == slabSize(freshSlab)) {
    freshIndex = 0;
    freshSlab++;
  }
  return conn;
}

/** Frees a connection that was never linked. */
export function freeConn(conn: Conn): void {
  unlinkSource(conn);
  conn.status = 0;
  store<u32>(changetype<usize>(conn), <u32>freeList);
  freeList = changetype<usize>(conn);
}

/** Links a connection under both its tuples. False: no memory. */
export function link(conn: Conn): bool {
  return linkHashed(conn, connHash(conn, 0), connHash(conn, 1));
}

/** As link(), with the hash of its original tuple and that of its reply tuple. */
export function linkHashed(conn: Conn, hash: u32, replyHash: u32): bool {
  if (!reserveRoom()) {
    outOfMemory = true;
    return false;
  }
  const ref = <u32>changetype<usize>(conn);
  // A tuple that is its own reply is found as one: __nf_conntrack_hash_insert() has it in front.
  enter(replyHash, ref | 1);
  enter(hash, ref);
  conn.status |= IPS_CONFIRMED;
  return true;
}

/**
 * Gives a linked connection the reply tuple in tuple.ts. A connection that has it already gets this
 * one's in exchange when `exchange` says so, and is unlinked otherwise.
 */
export function relink(conn: Conn, now: u64, exchange: (other: Conn) => bool): void {
  const ref = <u32>changetype<usize>(conn) | 1;
  const found = findTuple(conn.family, zoneOf(conn, 1), now);
  const other = changetype<Conn>(found);
  const isTaken = found != 0 && found != changetype<usize>(conn);
  const swaps = isTaken && foundDirection == 1 && exchange(other);
  if (isTaken && !swaps) kill(other);
  leave(connHash(conn, 1), ref);
  if (swaps) {
    const otherRef = <u32>found | 1;
    leave(connHash(other, 1), otherRef);
    memory.copy(replyOf(other), replyOf(conn), TUPLE_SIZE);
    enter(connHash(other, 1), otherRef);
  }
  conn.replSrc = tupleSrc;
  conn.replDst = tupleDst;
  conn.replSport = <u16>tupleSport;
  conn.replDport = <u16>tupleDport;
  enter(connHash(conn, 1), ref);
}

@inline
function replyOf(conn: Conn): usize {
  return changetype<usize>(conn) + offsetof<Conn>('replSrc');
}

/** Unlinks a connection; it is freed when the next packet begins (nf_ct_kill). */
export function kill(conn: Conn): void {
  if (conn.status & IPS_DYING) return;
  if (conn.status & IPS_CONFIRMED) {
    const ref = <u32>changetype<usize>(conn);
    leave(connHash(conn, 0), ref);
    leave(connHash(conn, 1), ref | 1);
  }
  unlinkSource(conn);
  conn.status |= IPS_DYING;
  conn.lastEnd = <u32>dyingList; // free again: what is dying is tracked no more
  dyingList = changetype<usize>(conn);
}

/** Frees what was killed while the last packet was under judgement. */
@inline
export function freeDying(): void {
  if (dyingList != 0) drainDying();
}

function drainDying(): void {
  while (dyingList != 0) {
    const conn = changetype<Conn>(dyingList);
    dyingList = conn.lastEnd;
    conn.status = 0;
    store<u32>(changetype<usize>(conn), <u32>freeList);
    freeList = changetype<usize>(conn);
  }
}

/** The live connection after `conn` (0: the first) in table order, or 0. */
export function nextLive(conn: usize, now: u64): usize {
  let slab: u32 = 0;
  let index: u32 = 0;
  if (conn != 0) {
    while (conn < slabAt(slab) || conn >= slabAt(slab) + <usize>slabSize(slab) * connBytes) slab++;
    index = <u32>((conn - slabAt(slab)) / connBytes) + 1;
  }
  for (; slab <= freshSlab && slab < slabCount; slab++, index = 0) {
    for (; index < usedOf(slab); index++) {
      const c = changetype<Conn>(slabAt(slab) + <usize>index * connBytes);
      if (isLinked(c) && c.expires > now) return changetype<usize>(c);
    }
  }
  return 0;
}
