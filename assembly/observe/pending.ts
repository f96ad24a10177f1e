/**
 * Predictions that the capture may still confirm: one entry per evaluated packet, saying where it
 * should show up next and with which addresses. A ring per worker, written in sequence; it is
 * indexed only when something is looked up, so captures that show each packet once pay one
 * sequential write a packet.
 */
import { allocate } from '../memory';
import { Packet } from '../packet';
import { Traversal } from '../slot';
import { endpointsHash, quotedEndpoints } from '../wire/owner';

const RING: u32 = 8192; // power of two
const BUCKETS: u32 = 16384;
/** Two sightings further apart than this are two packets. */
const WINDOW_NANOS: u64 = 1_000_000_000;

/** 64 bytes. */
@unmanaged
export class Prediction {
  fingerprint: u64;
  tsNanos: u64;
  frame: u64;
  src: u32; // as it leaves (accepted packets)
  dst: u32;
  sport: u16;
  dport: u16;
  traversal: u32; // Traversal: verdict, path and interfaces
  // 16 bytes that most packets have zero, see setOrdinary()
  copySrc: u32; // a copy of it leaves as well, from this source (a promiscuous bridge's); 0: none
  conn: u32; // Conn whose mapping was a guess when the packet left by it, or 0
  quoted: u32; // of a message about another packet: what its owner is chosen by
  copySport: u16;
  seen: u8; // sightings of it leaving
  cameBack: u8; // 1: seen again where it came in, flooded to a hairpin port
  next: u32; // older entry of the bucket, number + 1
  pad: u32;
}

/** Says that no copy of the packet leaves, nothing of it is a guess and it quotes none. */
@inline
export function setOrdinary(e: Prediction): void {
  v128.store(changetype<usize>(e), i64x2.splat(0), offsetof<Prediction>('copySrc'));
}

@inline
export function predicted(e: Prediction): Traversal {
  return changetype<Traversal>(<usize>e.traversal);
}

let ring: usize = 0;
let buckets: usize = 0; // entry number + 1
let written: u32 = 0; // entries ever written, modulo 2^32
let indexed: u32 = 0;
let moved: bool = false; // see ownersMoved()

export function attachPending(): bool {
  ring = allocate(<usize>RING * offsetof<Prediction>());
  buckets = allocate(<usize>BUCKETS * 4);
  written = 0;
  indexed = 0;
  moved = false;
  return ring != 0 && buckets != 0;
}

@inline
function at(number: u32): Prediction {
  return changetype<Prediction>(ring + <usize>(number & (RING - 1)) * offsetof<Prediction>());
}

@inline
function bucket(fingerprint: u64): usize {
  const h = (fingerprint ^ (fingerprint >> 32)) * 0x9e3779b97f4a7c15;
  return buckets + <usize>(<u32>(h >> 40) & (BUCKETS - 1)) * 4;
}

/** The next entry of the ring, for the caller to fill. */
@inline
export function nextPrediction(): Prediction {
  return at(written++);
}

function indexRest(): void {
  if (written - indexed > RING) indexed = written - RING;
  while (indexed != written) {
    const e = at(indexed);
    const b = bucket(e.fingerprint);
    e.next = load<u32>(b);
    store<u32>(b, ++indexed);
  }
}

/**
 * The newest prediction with this fingerprint that may be of the packet `p`, not further away than
 * the window, or 0.
 */
export function findPrediction(fingerprint: u64, p: Packet): usize {
  indexRest();
  return search(load<u32>(bucket(fingerprint)), fingerprint, p);
}

/** The next older one than `e`, or 0. */
export function olderPrediction(e: Prediction, p: Packet): usize {
  return search(e.next, e.fingerprint, p);
}

/** From now on packets may leave with other endpoints outside than they came with. */
export function ownersMoved(): void {
  moved = true;
}

/** Whether the frame leaves with the addresses that the prediction says. */
@inline
export function isAsPredicted(e: Prediction, p: Packet): bool {
  return e.src == p.src && e.dst == p.dst && e.sport == p.sport && e.dport == p.dport;
}

/**
 * Whether the packet's endpoints outside are those of the prediction: no NAT changes them. Other
 * workers than this one have the predictions of which that is not true.
 */
function isSameOwner(e: Prediction, p: Packet): bool {
  if (moved) return true;
  const about = quotedEndpoints(p);
  if (about != 0) return e.quoted == about;
  if (isAsPredicted(e, p)) return true;
  const predicted = endpointsHash(p.family, p.proto, e.src, e.dst, e.sport, e.dport);
  return predicted == endpointsHash(p.family, p.proto, p.src, p.dst, p.sport, p.dport);
}

function search(from: u32, fingerprint: u64, p: Packet): usize {
  let n = from;
  while (n != 0) {
    if (written - (n - 1) > RING) return 0; // overwritten, and so is all behind it
    const e = at(n - 1);
    if (e.fingerprint == fingerprint) {
      const apart = p.tsNanos > e.tsNanos ? p.tsNanos - e.tsNanos : e.tsNanos - p.tsNanos;
      if (apart > WINDOW_NANOS) return 0;
      // addresses of the other family are no handles of this one
      if (predicted(e).family == p.family && isSameOwner(e, p)) return changetype<usize>(e);
    }
    n = e.next;
  }
  return 0;
}
