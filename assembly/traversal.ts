/**
 * Traversals: the distinct ways through the rules. A walk collects the counters it hits; at its end
 * the list and the outcome are interned, and the packet adds one to that entry instead of to every
 * rule. An established connection remembers its entry, so most packets add to two words and no
 * more.
 *
 *     hits while walking   [c3 +0][c4 +0][c17 +4]      counter id, ipLen now - ipLen on arrival
 *                                 │ intern (hash of hits and outcome)
 *     traversal            packets, bytes, connections, outcome ──▶ hits
 *                                 │ expand, once at the end
 *     counters             c3 += packets, bytes;  c17 += packets, bytes + 4 * packets
 *
 * The table is bounded: past MAX_TRAVERSALS a new way is counted rule by rule at once, and only its
 * outcome (few values) is interned.
 */
import { TRAVERSAL_SIZE } from './abi';
import { allocate } from './memory';
import { Packet } from './packet';
import { Traversal } from './slot';

const MAX_HITS: u32 = 4096;
const MAX_TRAVERSALS: u32 = 1 << 20;
const SLAB_SHIFT: u32 = 10; // traversals per slab
const SLAB_MASK: u32 = (1 << SLAB_SHIFT) - 1;
const HITS_CHUNK: usize = 1 << 16;

let hits: usize = 0; // {u32 counter, i32 difference} pairs of the walk at hand
let hitCount: u32 = 0;
let baseLen: u32 = 0;
let whole: bool = true;
let counters: usize = 0; // {u64 packets, u64 bytes} per counter id
let counterCount: u32 = 0;
let slabs: usize = 0; // pointers to slabs of traversals
let count: u32 = 0;
let buckets: usize = 0; // traversal number + 1, chained by Traversal.next
let bucketMask: u32 = 0;
let hitsCursor: usize = 0;
let hitsLimit: usize = 0;

/** Prepares this worker's tables for `total` counters. False when memory runs out. */
export function attachTraversals(total: u32): bool {
  counterCount = total;
  hitCount = 0;
  count = 0;
  counters = allocate(<usize>total * 16 + 16);
  hits = allocate(<usize>MAX_HITS * 8);
  slabs = allocate(<usize>((MAX_TRAVERSALS >> SLAB_SHIFT) * 2) * 4);
  buckets = allocate(4096 * 4);
  bucketMask = 4095;
  hitsCursor = 0;
  hitsLimit = 0;
  return counters != 0 && hits != 0 && slabs != 0 && buckets != 0;
}

/** Begins the walk of a packet whose IP length on arrival is `ipLen`. */
@inline
export function beginTraversal(ipLen: u32): void {
  hitCount = 0;
  baseLen = ipLen;
}

/** Notes that the packet moved a rule's or policy's counters. */
@inline
export function hit(p: Packet, counter: u32): void {
  if (!hasRoom()) makeRoom();
  hitInRoom(p, counter);
}

/** Whether hitInRoom() may be asked for. */
@inline
export function hasRoom(): bool {
  return hitCount < MAX_HITS;
}

/** hit() where there is room. */
@inline
export function hitInRoom(p: Packet, counter: u32): void {
  const before = hitCount;
  const at = hits + <usize>before * 8;
  store<u32>(at, counter);
  store<u32>(at, p.ipLen - baseLen, 4);
  hitCount = before + 1;
}

/** A flood over very many ports: counts what is there at once. */
function makeRoom(): void {
  countHits(1, baseLen);
  hitCount = 0;
}

function countHits(packets: u64, bytes: u64): void {
  for (let i: u32 = 0; i < hitCount; i++) {
    const at = hits + <usize>i * 8;
    addTo(load<u32>(at), packets, bytes + packets * <u64>(<i64>load<i32>(at, 4)));
  }
}

@inline
function addTo(counter: u32, packets: u64, bytes: u64): void {
  if (counter >= counterCount) return;
  const at = counters + <usize>counter * 16;
  store<u64>(at, load<u64>(at) + packets);
  store<u64>(at, load<u64>(at, 8) + bytes, 8);
}

@inline
export function traversalAt(index: u32): Traversal {
  const slab = load<u32>(slabs + <usize>(index >> SLAB_SHIFT) * 4);
  return changetype<Traversal>(<usize>slab + <usize>(index & SLAB_MASK) * TRAVERSAL_SIZE);
}

export function traversalCount(): u32 {
  return count;
}

@inline
function mix(h: u32, v: u32): u32 {
  return (rotl<u32>(h, 5) ^ v) * 0x9e3779b1;
}

function outcomeHash(t: Traversal): u32 {
  let h = mix(load<u32>(changetype<usize>(t), 24), load<u32>(changetype<usize>(t), 28));
  h = mix(h, t.decidedBy);
  h = mix(h, load<u32>(changetype<usize>(t), 36));
  h = mix(h, load<u32>(changetype<usize>(t), offsetof<Traversal>('physIn')));
  return mix(h, load<u32>(changetype<usize>(t), 40));
}

function sameOutcome(a: Traversal, b: Traversal): bool {
  const x = changetype<usize>(a);
  const y = changetype<usize>(b);
  return (
    load<u64>(x, 24) == load<u64>(y, 24) &&
    load<u64>(x, 32) == load<u64>(y, 32) &&
    load<u32>(x, 40) == load<u32>(y, 40) &&
    a.physIn == b.physIn &&
    a.physOut == b.physOut
  );
}

function growBuckets(): void {
  const size = (bucketMask + 1) * 2;
  const fresh = allocate(<usize>size * 4);
  if (fresh == 0) return;
  buckets = fresh;
  bucketMask = size - 1;
  for (let i: u32 = 0; i < count; i++) {
    const t = traversalAt(i);
    const b = fresh + <usize>(t.hash & bucketMask) * 4;
    t.next = load<u32>(b);
    store<u32>(b, i + 1);
  }
}

function storeHits(): usize {
  const bytes = <usize>hitCount * 8;
  if (bytes > hitsLimit - hitsCursor) {
    const chunk = bytes > HITS_CHUNK ? bytes : HITS_CHUNK;
    hitsCursor = allocate(chunk);
    if (hitsCursor == 0) {
      hitsLimit = 0;
      return 0;
    }
    hitsLimit = hitsCursor + chunk;
  }
  const at = hitsCursor;
  memory.copy(at, hits, bytes);
  hitsCursor += bytes;
  return at;
}

/**
 * Interns the walk at hand with the outcome in `key` (a scratch Traversal whose fields from `path`
 * to `dstNetwork` and `physIn`, `physOut` are filled) and adds one packet. Returns the traversal,
 * or 0 when memory has run out; walkIsWhole() tells whether it may be repeated.
 */
export function endTraversal(key: Traversal, newConnection: bool): usize {
  whole = count < MAX_TRAVERSALS;
  if (!whole) {
    countHits(1, baseLen);
    hitCount = 0;
  }
  let h = outcomeHash(key);
  for (let i: u32 = 0; i < hitCount; i++) {
    const at = hits + <usize>i * 8;
    h = mix(mix(h, load<u32>(at)), load<u32>(at, 4));
  }
  h ^= h >> 15;
  let n = load<u32>(buckets + <usize>(h & bucketMask) * 4);
  while (n != 0) {
    const t = traversalAt(n - 1);
    if (t.hash == h && t.hitCount == hitCount && sameOutcome(t, key)) {
      if (memory.compare(t.hits, hits, <usize>hitCount * 8) == 0) {
        addPacket(t, newConnection);
        return changetype<usize>(t);
      }
    }
    n = t.next;
  }
  if (count >= bucketMask) growBuckets();
  const slabSlot = slabs + <usize>(count >> SLAB_SHIFT) * 4;
  if (load<u32>(slabSlot) == 0) {
    store<u32>(slabSlot, <u32>allocate((<usize>1 << SLAB_SHIFT) * TRAVERSAL_SIZE));
  }
  const at = hitCount == 0 ? hits : storeHits();
  const room = count < MAX_TRAVERSALS * 2 - 1;
  if (load<u32>(slabSlot) == 0 || at == 0 || !room) {
    countHits(1, baseLen); // out of memory: the rules at least are counted
    return 0;
  }
  const t = traversalAt(count);
  memory.copy(changetype<usize>(t), changetype<usize>(key), TRAVERSAL_SIZE);
  t.packets = 0;
  t.bytes = 0;
  t.connections = 0;
  t.hits = <u32>at;
  t.hitCount = hitCount;
  t.hash = h;
  const b = buckets + <usize>(h & bucketMask) * 4;
  t.next = load<u32>(b);
  store<u32>(b, ++count);
  addPacket(t, newConnection);
  return changetype<usize>(t);
}

@inline
function addPacket(t: Traversal, newConnection: bool): void {
  t.packets++;
  t.bytes += baseLen;
  t.connections += <u64>newConnection;
}

/** Whether the traversal that endTraversal() returned holds all rules that the walk hit. */
@inline
export function walkIsWhole(): bool {
  return whole;
}

/** Adds one packet of `ipLen` bytes that goes a way again. */
@inline
export function repeatTraversal(t: Traversal, ipLen: u32): void {
  t.packets++;
  t.bytes += ipLen;
}

/** A connection began with the packet that repeatTraversal() added. */
@inline
export function addConnection(t: Traversal): void {
  t.connections++;
}

/** Adds every traversal to the counters of the rules it hit. Call once, at the end. */
export function expandTraversals(): void {
  for (let i: u32 = 0; i < count; i++) {
    const t = traversalAt(i);
    for (let k: u32 = 0; k < t.hitCount; k++) {
      const at = <usize>t.hits + <usize>k * 8;
      addTo(load<u32>(at), t.packets, t.bytes + t.packets * <u64>(<i64>load<i32>(at, 4)));
    }
  }
}

export function countersPtr(): usize {
  return counters;
}

/** Number of hits of the walk so far and the id of one of them: for judging a single packet. */
export function hitsSoFar(): u32 {
  return hitCount;
}
