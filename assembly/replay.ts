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
import { Conn } from './conntrack/conn';
import {
  bucketOf,
  hashAhead,
  preloadConnections,
  preloadMovesOwner,
  refOf,
  tableFull,
} from './conntrack/index';
import { attachExpress, goExpress } from './express';
import { attachBook, isOwnerConflict, noteMove } from './judge/book';
import { fill } from './judge/entry';
import { judgeFrame } from './judge/role';
import { allocate } from './memory';
import { FrameRecord, Packet } from './packet';
import { leaveAs } from './pipeline/cached';
import { attachOpenings } from './pipeline/opening';
import { attachOutcome, Outcome, resetOutcome } from './pipeline/outcome';
import { attachReassembly } from './pipeline/reassemble';
import { writeResult } from './result';
import { Slot, Traversal } from './slot';
import { countBy } from './stats';

const AHEAD: u32 = 64;

let packet: Packet = changetype<Packet>(0);
let worker: u32 = 0;
let workers: u32 = 1;
let ahead: usize = 0; // u32 connection reference of each own frame ahead, then a sum nobody reads

/** Makes this instance worker number `thisWorker` of `ofWorkers`. False when memory runs out. */
export function attachReplay(thisWorker: u32, ofWorkers: u32): bool {
  packet = changetype<Packet>(allocate((offsetof<Packet>() + 15) & ~15));
  const scratch = allocate((offsetof<Outcome>() + 15) & ~15);
  ahead = allocate(AHEAD * 4 + 8);
  if (changetype<usize>(packet) == 0 || scratch == 0 || ahead == 0) return false;
  attachOutcome(scratch);
  worker = thisWorker;
  workers = ofWorkers;
  return attachBook(ofWorkers) && attachExpress() && attachReassembly() && attachOpenings();
}

/** Judges this worker's frames of `slot`. STATUS_*. */
export function judgeSlot(slot: Slot): u32 {
  const n = slot.frameCount;
  let record = <usize>slot.frames;
  if (slot.firstFrame == 1 && n > 0) {
    const start = changetype<FrameRecord>(record).tsNanos;
    if (!preloadConnections(start, worker, workers)) return STATUS_NO_MEMORY;
    if (preloadMovesOwner()) noteMove();
  }
  let result = <usize>slot.results;
  let frames: u64 = 0;
  let express: u64 = 0;
  let bytes: u64 = 0;
  let lookedAt: u32 = 0; // frames of the slot whose connections were looked up
  let next = ahead;
  for (let i: u32 = 0; i < n; i++) {
    if (i == lookedAt) {
      lookedAt += lookAhead(record, n - i);
      next = ahead;
    }
    const r = changetype<FrameRecord>(record);
    if (isOwn(r)) {
      const ref = load<u32>(next);
      next += 4;
      const frame = slot.firstFrame + i;
      const traversal = ref == 0 ? 0 : goExpress(r, ref, frame);
      if (traversal == 0) {
        judgeFrame(packet, r, frame, result);
      } else {
        express++;
        bytes += r.ipLen;
        if (result != 0) writeExpress(r, ref, changetype<Traversal>(traversal), result);
      }
      frames++;
    }
    record += FRAME_RECORD_SIZE;
    if (result != 0) result += RESULT_RECORD_SIZE;
  }
  countBy(STAT_FRAMES, frames);
  countBy(STAT_INJECTED, express);
  countBy(STAT_CACHE_HITS, express);
  countBy(STAT_BYTES, bytes);
  if (tableFull()) return STATUS_NO_MEMORY;
  return isOwnerConflict() ? STATUS_OWNER_CONFLICT : STATUS_OK;
}

@inline
function isOwn(r: FrameRecord): bool {
  return workers == 1 || <u32>r.owner == worker;
}

/**
 * Reads what the look-ups of this worker's next frames will need: all their buckets, then all the
 * connections in them. Each loop of loads does nothing else, so that the processor has the cache
 * misses of all its packets under way at once. `ahead` then has a reference for each of them.
 * Returns how many of the `n` frames from `first` on that covers, others' included.
 */
function lookAhead(first: usize, n: u32): u32 {
  let record = first;
  let end = ahead;
  let i: u32 = 0;
  for (; i < n && end != ahead + AHEAD * 4; i++) {
    const r = changetype<FrameRecord>(record);
    if (isOwn(r)) {
      const ports = <u32>r.sport | (<u32>r.dport << 16);
      store<u32>(end, hashAhead(r.proto, r.src, r.dst, ports));
      end += 4;
    }
    record += FRAME_RECORD_SIZE;
  }
  let sum: u64 = 0;
  for (let at = ahead; at < end; at += 4) sum += load<u64>(bucketOf(load<u32>(at)));
  for (let at = ahead; at < end; at += 4) store<u32>(at, refOf(load<u32>(at)));
  for (let at = ahead; at < end; at += 4) {
    const conn = <usize>(load<u32>(at) & ~1);
    sum += load<u64>(conn) + load<u64>(conn, 64); // address 0 holds nothing, and may be read
  }
  store<u64>(ahead + AHEAD * 4, sum); // so that the reads are not dropped
  return i;
}

/** The result of a packet that went express. */
function writeExpress(r: FrameRecord, ref: u32, t: Traversal, result: usize): void {
  const p = packet;
  fill(p, r, 0);
  resetOutcome(p);
  p.conn = ref & ~1;
  p.ctDir = <u8>(ref & 1);
  leaveAs(p, changetype<Conn>(<usize>p.conn));
  writeResult(p, t, result, RESULT_CACHED);
}
