/**
 * The core's exports: re-exports and start-up only. Dependencies run one way: wire and lookup know
 * nothing; table <- lookup; conntrack <- wire; nat <- conntrack; pipeline <- table, nat, route,
 * bridge; observe <- conntrack, route; replay <- all.
 */
import { STATUS_BAD_IMAGE, STATUS_NO_MEMORY, STATUS_OK } from './abi';
import { attachFdb, createFdb } from './bridge/fdb';
import { attachConntrack } from './conntrack/index';
import { attachHost, counterTotal } from './host';
import { allocate, takeBackPages } from './memory';
import { attachNat } from './nat/index';
import { attachDifferences } from './observe/difference';
import { attachPending } from './observe/pending';
import { attachBridged } from './pipeline/bridged';
import { attachHooks } from './pipeline/hooks';
import { attachReplay, judgeSlot } from './replay';
import { attachFib } from './route/fib';
import { Slot } from './slot';
import { attachTables, buildTables } from './table/index';
import { attachTraversals, expandTraversals } from './traversal';
import { attachWire } from './wire/index';

export { connDump } from './conntrack/index';
export { differenceAt, differenceCount } from './observe/difference';
export { statsPtr } from './stats';
export { countersPtr, traversalAt, traversalCount } from './traversal';
export {
  addCaptureNatRange,
  captureFact,
  carryTail,
  createCaptureState,
  createSlot,
  finishFragments,
  front,
  setAt,
} from './wire/index';

/** Address of `bytes` zeroed bytes for the embedder, for good; 0: out of memory. */
export function alloc(bytes: usize): usize {
  return allocate(bytes);
}

/** To be called first in a memory that has served another replay, when nobody uses it any more. */
export function renew(): void {
  takeBackPages();
}

/** Checks an image and builds the decision tables and the bridges' databases; pointer or 0. */
export function loadImage(image: usize): usize {
  if (!attachHost(image)) return 0;
  const shared = allocate(8);
  if (shared == 0 || !attachFib()) return 0;
  const tables = buildTables();
  const fdb = createFdb();
  if (tables == 0 || fdb == 0) return 0;
  store<u32>(shared, <u32>tables);
  store<u32>(shared, <u32>fdb, 4);
  return shared;
}

/** Makes this instance worker number `worker` of `workers`. STATUS_*. */
export function attach(
  image: usize,
  shared: usize,
  capture: usize,
  worker: u32,
  workers: u32,
): u32 {
  if (!attachHost(image)) return STATUS_BAD_IMAGE;
  attachFdb(load<u32>(shared, 4));
  if (!attachFib() || !attachHooks() || !attachTraversals(counterTotal())) return STATUS_NO_MEMORY;
  if (!attachTables(load<u32>(shared))) return STATUS_NO_MEMORY;
  if (!attachConntrack() || !attachNat()) return STATUS_NO_MEMORY;
  if (!attachWire(image, capture, workers)) return STATUS_NO_MEMORY;
  if (!attachPending() || !attachDifferences() || !attachBridged()) return STATUS_NO_MEMORY;
  return attachReplay(worker, workers) ? STATUS_OK : STATUS_NO_MEMORY;
}

/** Ends this worker's part: every traversal is added to the counters it hit. Call once. */
export function finish(): void {
  expandTraversals();
}

/** Judges this worker's frames of a slot that the front has decoded. STATUS_*. */
export function judge(slot: usize): u32 {
  return judgeSlot(changetype<Slot>(slot));
}
