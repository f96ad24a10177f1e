/**
 * The loop: judges the frames of a slot that this worker owns, in capture order. Each frame is
 * evaluated where its packet entered the host; further sightings of the packet are compared with
 * the prediction.
 */
import {
  FRAME_RECORD_SIZE,
  RESULT_CACHED,
  RESULT_RECORD_SIZE,
  STAT_BYTES,
  STAT_CACHE_HITS,
  STAT_FRAMES,
  STAT_INJECTED,
  STATUS_NO_MEMORY,
  STATUS_OK,
  STATUS_OWNER_CONFLICT,
} from './abi';
import { AHEAD_ENTRY, AHEAD_HASH, AHEAD_REF } from './ahead';
import { Conn } from './conntrack/conn';
import {
  bucketOf,
  hashRecord,
  preloadConnections,
  preloadMovesOwner,
  refOf,
  tableFull,
} from './conntrack/index';
import { attachExpress, goExpress } from './express';
import { attachExpressOpening, goOpening, lookAtOpenings, passOpenings } from './express-opening';
import { goFollower } from './express-follower';
import { attachBook, isOwnerConflict, noteMove } from './judge/book';
import { fill } from './judge/entry';
import { judgeFrame } from './judge/role';
import { allocate } from './memory';
import { FrameRecord, Packet } from './packet';
import { leaveAs } from './pipeline/cached';
import { attachEntrances } from './pipeline/entrance';
import { attachOpenings } from './pipeline/opening';
import { attachOutcome, Outcome, resetOutcome } from './pipeline/outcome';
import { attachReassembly } from './pipeline/reassemble';
import { attachWays } from './pipeline/way';
import { writeResult } from './result';
import { Slot, Traversal } from './slot';
import { countBy } from './stats';
import { addAhead, answerAhead, beginAhead, expectNext } from './table/index';

const AHEAD: u32 = 64; // frames
const GROUP: u32 = 16; // frames whose owners are compared at once

let packet: Packet = changetype<Packet>(0);
let worker: u32 = 0;
let workers: u32 = 1;
let ahead: usize = 0; // the own frames that were looked ahead at, then a sum nobody reads
let aheadEnd: usize = 0;

/** Makes this instance worker number `thisWorker` of `ofWorkers`. False when memory runs out. */
export function attachReplay(thisWorker: u32, ofWorkers: u32): bool {
  packet = changetype<Packet>(allocate((offsetof<Packet>() + 15) & ~15));
  const scratch = allocate((offsetof<Outcome>() + 15) & ~15);
  ahead = allocate(AHEAD * AHEAD_ENTRY + 8);
  if (changetype<usize>(packet) == 0 || scratch == 0 || ahead == 0) return false;
  attachOutcome(scratch);
  attachExpress();
  worker = thisWorker;
  workers = ofWorkers;
  return (
    attachBook(ofWorkers) &&
    attachEntrances() &&
    attachReassembly() &&
    attachOpenings() &&
    attachWays() &&
    attachExpressOpening(AHEAD)
  );
}

/** Judges this worker's frames of `slot`. STATUS_*. */
export function judgeSlot(slot: Slot): u32 {
  const n = slot.frameCount;
  const first = <usize>slot.frames;
  if (slot.firstFrame == 1 && n > 0) {
    const start = changetype<FrameRecord>(first).tsNanos;
    if (!preloadConnections(start, worker, workers)) return STATUS_NO_MEMORY;
    if (preloadMovesOwner()) noteMove();
  }
  const firstFrame = slot.firstFrame;
  const results = <usize>slot.results;
  let frames: u64 = 0;
  let express: u64 = 0;
  let bytes: u64 = 0;
  let lookedAt: u32 = 0; // frames of the slot, others' included
  while (lookedAt < n) {
    lookedAt = lookAhead(slot, lookedAt);
    const end = aheadEnd;
    frames += (end - ahead) / AHEAD_ENTRY;
    for (let at = ahead; at < end; at += AHEAD_ENTRY) {
      // as many as go express, without a call: engines keep nothing in registers across one
      const from = at;
      let traversal: usize = 0;
      while (at < end) {
        const r = changetype<FrameRecord>(<usize>load<u32>(at));
        const ref = load<u32>(at, AHEAD_REF);
        traversal = ref == 0 ? 0 : goExpress(r, ref, firstFrame + indexOf(r, first));
        if (traversal == 0) break;
        bytes += r.ipLen;
        if (results != 0) break;
        at += AHEAD_ENTRY;
      }
      express += (at - from) / AHEAD_ENTRY;
      if (at == end) break;
      const r = changetype<FrameRecord>(<usize>load<u32>(at));
      const ref = load<u32>(at, AHEAD_REF);
      const index = indexOf(r, first);
      const result = results == 0 ? 0 : results + index * RESULT_RECORD_SIZE;
      if (traversal != 0) {
        express++;
        writeExpress(r, ref, changetype<Traversal>(traversal), result, RESULT_CACHED);
      } else if (ref != 0) {
        judgeKnown(r, at, firstFrame + index, result);
      } else if (!judgeUnknown(r, at, firstFrame + index, result)) {
        at -= AHEAD_ENTRY; // once more, with its connection
      }
    }
  }
  countBy(STAT_FRAMES, frames);
  countBy(STAT_INJECTED, express);
  countBy(STAT_CACHE_HITS, express);
  countBy(STAT_BYTES, bytes);
  if (tableFull()) return STATUS_NO_MEMORY;
  return isOwnerConflict() ? STATUS_OWNER_CONFLICT : STATUS_OK;
}

/** Number of a record of the slot whose first one is at `first`, counted from 0. */
@inline
function indexOf(r: FrameRecord, first: usize): usize {
  return (changetype<usize>(r) - first) / FRAME_RECORD_SIZE;
}

/** Judges a frame that did not go express with the connection that it may have. */
function judgeKnown(r: FrameRecord, at: usize, frame: u64, result: usize): void {
  const ref = load<u32>(at, AHEAD_REF);
  const traversal = goFollower(r, ref, at - ahead, frame);
  if (traversal == 0) judgeFrame(packet, r, frame, result);
  else if (result != 0) writeExpress(r, ref, changetype<Traversal>(traversal), result, 0);
}

/**
 * Judges a frame of which look-ahead at `at` knew no connection. False: its connection began since,
 * and is in the entry now.
 */
function judgeUnknown(r: FrameRecord, at: usize, frame: u64, result: usize): bool {
  expectNext();
  if (goOpening(packet, r, at - ahead, frame, result)) return true;
  const ref = refOf(load<u32>(at, AHEAD_HASH));
  if (ref == 0) judgeFrame(packet, r, frame, result);
  else store<u32>(at, ref, AHEAD_REF);
  return ref == 0;
}

/** Those of the slot's frames `from` to `from` + 15 that are this worker's, a bit each. */
@inline
function ownOf(slot: Slot, from: u32): u32 {
  const owners = v128.load(<usize>slot.owners + <usize>from);
  const own = i8x16.bitmask(i8x16.eq(owners, i8x16.splat(<i8>worker)));
  const left = slot.frameCount - from;
  return left < GROUP ? own & ((1 << left) - 1) : own;
}

/**
 * Reads what the look-ups of this worker's next frames will need: all their buckets, then all the
 * connections in them. Each loop of loads does nothing else, so that the processor has the cache
 * misses of all its packets under way at once. `ahead` then has an entry for each of them. Returns
 * how many frames of the slot are covered when those before `from` were, others' included.
 */
function lookAhead(slot: Slot, from: u32): u32 {
  const first = <usize>slot.frames;
  const n = slot.frameCount;
  let end = ahead;
  let i = from;
  if (workers == 1) {
    i = n - from < AHEAD ? n : from + AHEAD;
    const last = first + <usize>i * FRAME_RECORD_SIZE;
    let record = first + <usize>from * FRAME_RECORD_SIZE;
    for (; record < last; record += FRAME_RECORD_SIZE) end = addFrame(end, record);
  }
  for (; i < n && end <= ahead + (AHEAD - GROUP) * AHEAD_ENTRY; i += GROUP) {
    for (let own = ownOf(slot, i); own != 0; own &= own - 1) {
      end = addFrame(end, first + <usize>(i + ctz<u32>(own)) * FRAME_RECORD_SIZE);
    }
  }
  let sum: u64 = 0;
  for (let at = ahead; at < end; at += AHEAD_ENTRY) {
    sum += load<u64>(bucketOf(load<u32>(at, AHEAD_HASH)));
  }
  let least = u32.MAX_VALUE;
  for (let at = ahead; at < end; at += AHEAD_ENTRY) {
    const ref = refOf(load<u32>(at, AHEAD_HASH));
    store<u32>(at, ref, AHEAD_REF);
    least = min<u32>(least, ref);
  }
  for (let at = ahead; at < end; at += AHEAD_ENTRY) {
    const conn = <usize>(load<u32>(at, AHEAD_REF) & ~1);
    sum += load<u64>(conn) + load<u64>(conn, 64); // address 0 holds nothing, and may be read
  }
  if (least == 0) {
    sum += lookAtOpenings(ahead, end);
    askRulesAhead(end);
  } else {
    passOpenings();
  }
  store<u64>(ahead + AHEAD * AHEAD_ENTRY, sum); // so that the reads are not dropped
  aheadEnd = end;
  return min<u32>(i, n);
}

/** Adds a frame, with the hash of its tuple, to those ahead; returns their end. */
@inline
function addFrame(end: usize, record: usize): usize {
  const addresses = load<u64>(record, offsetof<FrameRecord>('src'));
  const ports = load<u32>(record, offsetof<FrameRecord>('sport'));
  store<u32>(end, <u32>record);
  const hash = hashRecord(changetype<FrameRecord>(record).proto, addresses, ports);
  store<u32>(end, hash, AHEAD_HASH);
  return end + AHEAD_ENTRY;
}

/** Asks the rules about the packets up to `end` that have no connection: those may meet them. */
function askRulesAhead(end: usize): void {
  if (!beginAhead()) return;
  for (let at = ahead; at < end; at += AHEAD_ENTRY) {
    if (load<u32>(at, AHEAD_REF) == 0) addAhead(changetype<FrameRecord>(<usize>load<u32>(at)));
  }
  answerAhead();
}

/** The result of a packet of the connection `ref` that was judged from its frame record. */
function writeExpress(r: FrameRecord, ref: u32, t: Traversal, result: usize, flags: u32): void {
  const p = packet;
  fill(p, r, 0);
  resetOutcome(p);
  p.conn = ref & ~1;
  p.ctDir = <u8>(ref & 1);
  leaveAs(p, changetype<Conn>(<usize>p.conn));
  writeResult(p, t, result, flags);
}
