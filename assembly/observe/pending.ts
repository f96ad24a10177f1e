/**
 * Predictions that the capture may still confirm: one entry per evaluated packet, saying where it
 * should show up next and with which addresses. A ring per worker, written in sequence; it is
 * indexed only when something is looked up, so captures that show each packet once pay one
 * sequential write a packet.
 */
import { allocate } from '../memory';
import { Packet } from '../packet';
import { Traversal } from '../slot';
import { fixedEnds } from '../wire/owner';

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
  copySrc: u32; // a copy of it leaves as well, from this source (a promiscuous bridge's); 0: none
  copySport: u16;
  seen: u8; // sightings of it leaving
  pad0: u8;
  next: u32; // older entry of the bucket, number + 1
  pad1: u32;
  pad2: u64;
}

@inline
export function predicted(e: Prediction): Traversal {
  return changetype<Traversal>(<usize>e.traversal);
}

let ring: usize = 0;
let buckets: usize = 0; // entry number + 1
let written: u32 = 0; // entries ever written, modulo 2^32
let indexed: u32 = 0;

export function attachPending(): bool {
  ring = allocate(<usize>RING * offsetof<Prediction>());
  buckets = allocate(<usize>BUCKETS * 4);
  written = 0;
  indexed = 0;
  return ring != 0 && buckets != 0;
}

@inline
function at(number: u32): Prediction {
  return changetype<Prediction>(ring + <usize>(number & (RING - 1)) * offsetof<Prediction>());
}

@inline
function bucket(fingerprint: u64): usize {
  return buckets + <usize>(<u32>(fingerprint >> 40) & (BUCKETS - 1)) * 4;
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
 * The newest prediction for a packet with this fingerprint, as captured, between the same ends: not
 * further away than the window, or 0. Packets of others may have the same fingerprint.
 */
export function findPrediction(fingerprint: u64, p: Packet): usize {
  indexRest();
  let n = load<u32>(bucket(fingerprint));
  while (n != 0) {
    if (written - (n - 1) > RING) return 0; // overwritten, and so is all behind it
    const e = at(n - 1);
    if (e.fingerprint == fingerprint && hasSameEnds(e, p)) {
      const tsNanos = p.tsNanos;
      const apart = tsNanos > e.tsNanos ? tsNanos - e.tsNanos : e.tsNanos - tsNanos;
      return apart <= WINDOW_NANOS ? changetype<usize>(e) : 0;
    }
    n = e.next;
  }
  return 0;
}

/** Whether the prediction's ends are the packet's, as far as no translation can change them. */
function hasSameEnds(e: Prediction, p: Packet): bool {
  if (e.src == p.src && e.dst == p.dst && e.sport == p.sport && e.dport == p.dport) return true;
  const family = <u32>p.family;
  if (<u32>predicted(e).family != family) return false;
  const proto = <u32>p.proto;
  const expected = fixedEnds(family, proto, e.src, e.dst, e.sport, e.dport);
  return expected == fixedEnds(family, proto, p.src, p.dst, p.sport, p.dport);
}
