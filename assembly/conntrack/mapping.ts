/**
 * What only connections have whose source NAT maps or whose mapping is a guess: a record of their
 * own, found by the address of the Conn.
 */
import { allocate } from '../memory';
import { CONN_MAPPED, Conn } from './conn';

const FIRST_BUCKETS: u32 = 1 << 10;
const CHUNK: u32 = 1 << 10; // records

@unmanaged
export class Mapping {
  conn: u32; // Conn
  next: u32; // in the same bucket, or the free list
  newer: u32; // with the same source (by-source.ts); 0: the newest
  older: u32;
  guessedFrom: u32; // see guessedFrom()
  masqueradeOut: u16; // interface id that MASQUERADE chose the address of, 0: none
}

let buckets: usize = 0; // u32 Mapping, or 0
let bucketMask: u32 = 0;
let count: u32 = 0;
let fresh: usize = 0; // records that were never used, and …
let left: u32 = 0; // … how many
let freeList: u32 = 0;
let outOfMemory: bool = false;

/** Prepares an empty table. False when memory runs out. */
export function attachMappings(): bool {
  buckets = allocate(<usize>FIRST_BUCKETS * 4);
  bucketMask = FIRST_BUCKETS - 1;
  count = 0;
  left = 0;
  freeList = 0;
  outOfMemory = false;
  return buckets != 0;
}

/** Whether one could not be had for lack of memory. */
export function mappingsFull(): bool {
  return outOfMemory;
}

@inline
function bucketOf(conn: u32): usize {
  return buckets + (<usize>(((conn * 0x9e3779b1) >> 7) & bucketMask) << 2);
}

/** The Mapping of a connection, or 0. */
export function mappingOf(conn: Conn): usize {
  if (!(conn.flags & CONN_MAPPED)) return 0;
  let at = load<u32>(bucketOf(<u32>changetype<usize>(conn)));
  while (changetype<Mapping>(at).conn != <u32>changetype<usize>(conn)) {
    at = changetype<Mapping>(at).next;
  }
  return at;
}

/** Gives a connection that has none a zeroed Mapping; 0: out of memory. */
export function addMapping(conn: Conn): usize {
  if (count > bucketMask) grow();
  const at = take();
  if (at == 0) return 0;
  const mapping = changetype<Mapping>(at);
  memory.fill(at, 0, offsetof<Mapping>());
  mapping.conn = <u32>changetype<usize>(conn);
  conn.flags |= CONN_MAPPED;
  push(mapping);
  count++;
  return at;
}

/** Takes the Mapping from a connection that has one. */
export function removeMapping(conn: Conn): void {
  const mapping = mappingOf(conn);
  const bucket = bucketOf(<u32>changetype<usize>(conn));
  const next = changetype<Mapping>(mapping).next;
  let at = load<u32>(bucket);
  if (at == <u32>mapping) {
    store<u32>(bucket, next);
  } else {
    while (changetype<Mapping>(at).next != <u32>mapping) at = changetype<Mapping>(at).next;
    changetype<Mapping>(at).next = next;
  }
  changetype<Mapping>(mapping).next = freeList;
  freeList = <u32>mapping;
  conn.flags &= ~CONN_MAPPED;
  count--;
}

function take(): usize {
  const freed = freeList;
  if (freed != 0) {
    freeList = changetype<Mapping>(freed).next;
    return freed;
  }
  if (left == 0) {
    fresh = allocate(<usize>CHUNK * offsetof<Mapping>());
    if (fresh == 0) {
      outOfMemory = true;
      return 0;
    }
    left = CHUNK;
  }
  const at = fresh;
  fresh += offsetof<Mapping>();
  left--;
  return at;
}

@inline
function push(mapping: Mapping): void {
  const bucket = bucketOf(mapping.conn);
  mapping.next = load<u32>(bucket);
  store<u32>(bucket, <u32>changetype<usize>(mapping));
}

function grow(): void {
  const size = bucketMask + 1;
  const bigger = allocate(<usize>size * 8);
  if (bigger == 0) return; // chains get longer
  const old = buckets;
  buckets = bigger;
  bucketMask = size * 2 - 1;
  for (let i: u32 = 0; i < size; i++) {
    for (let at = load<u32>(old + (<usize>i << 2)); at != 0; ) {
      const mapping = changetype<Mapping>(at);
      at = mapping.next;
      push(mapping);
    }
  }
}

/**
 * Of a connection whose mapping is a guess: the range that it was chosen from, as the address of
 * the target's arguments (0: no target asked, a clash did), with the manipulation in the lowest
 * bit.
 */
export function guessedFrom(conn: Conn): u32 {
  const mapping = mappingOf(conn);
  return mapping == 0 ? 0 : changetype<Mapping>(mapping).guessedFrom;
}
