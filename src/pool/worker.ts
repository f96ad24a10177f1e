/**
 * A worker of a replay. Slots are decoded in order by whoever finds the front's token free; then
 * every worker judges its own frames of each slot, in order. A worker decodes before it judges, up
 * to LOOKAHEAD slots in advance, so that the others find work when they are done.
 *
 * Runs as one bundled file, dist/bundle/pool/worker.js.
 */
import {
  DIFFERENCE_SIZE,
  SLOT_DATA_BYTES,
  SLOT_HEADROOM_BYTES,
  STAT_COUNT,
  STATUS_OK,
  TRAVERSAL_SIZE,
} from '../../assembly/abi.ts';
import { FACT_DISORDER, FACT_NANOSECONDS } from '../../assembly/abi-capture.ts';
import type { Core } from '../engine/core.ts';
import type { Heap } from '../engine/heap.ts';
import { instantiate } from '../engine/instance.ts';
import { SLOT } from '../engine/layout.ts';
import { CoreError } from '../errors.ts';
import { Control, STOP_DISORDER, STOP_FAILED, STOP_STATUS } from './control.ts';
import { type Input, NOTHING_YET, openInput } from './input.ts';
import type { ReplayTask, WorkerReport } from './protocol.ts';

/** Slots decoded ahead of one's own judging when there are several workers. */
const LOOKAHEAD = 2;

/** Runs this worker's part of a replay; the answer of a stopped replay means nothing. */
export default function work(task: ReplayTask): WorkerReport {
  const { core, heap } = instantiate(task.module, task.memory, task.names);
  const consumers = task.workers + (task.withResults ? 1 : 0);
  const control = new Control(task.memory, task.control, task.slots.length, consumers);
  try {
    const { image, built, capture, worker, workers } = task;
    const status = core.attach(image, built, capture, worker, workers, task.withResults ? 1 : 0);
    if (status !== STATUS_OK) throw new CoreError('a worker could not attach the rules', status);
    const front = new Front(core, heap, control, task);
    judgeAll(core, control, front, task);
    core.finish();
    return report(core, heap, task);
  } catch (error) {
    control.stop(STOP_FAILED); // the others would wait for this one
    throw error;
  }
}

function judgeAll(core: Core, control: Control, front: Front, task: ReplayTask): void {
  const lookahead = task.workers === 1 ? 1 : LOOKAHEAD;
  for (let slot = 0; !control.isEnd(slot); ) {
    const event = control.event;
    if (control.stopped !== 0) return;
    const ready = control.fronted - slot;
    if (ready < lookahead && front.advance()) continue;
    if (control.fronted > slot) {
      const status = core.judge(task.slots[control.ring(slot)] ?? 0);
      if (status !== STATUS_OK) {
        control.stop(STOP_STATUS + status);
        return;
      }
      control.done(slot);
      slot++;
    } else {
      control.wait(event);
    }
  }
}

/** Decodes the next slot, if nobody else does and there is one to decode. */
class Front {
  readonly #core: Core;
  readonly #heap: Heap;
  readonly #control: Control;
  readonly #slots: readonly number[];
  readonly #capture: number;
  readonly #checkOrder: boolean;
  readonly #input: Input;

  constructor(core: Core, heap: Heap, control: Control, task: ReplayTask) {
    this.#core = core;
    this.#heap = heap;
    this.#control = control;
    this.#slots = task.slots;
    this.#capture = task.capture;
    this.#checkOrder = task.checkOrder;
    this.#input = openInput(task.input, heap, control);
  }

  /** True when a slot was decoded. */
  advance(): boolean {
    const control = this.#control;
    if (!control.takeToken()) return false;
    const number = control.fronted;
    if (control.isEnd(number) || !control.isFree(number)) return this.#decline();
    const slot = this.#slots[control.ring(number)] ?? 0;
    const heap = this.#heap;
    const data = heap.u32(slot + SLOT.data);
    const previous = number === 0 ? 0 : (this.#slots[control.ring(number - 1)] ?? 0);
    const tail = previous === 0 ? 0 : undecoded(heap, previous);
    // A slot that ended early leaves much: decode that before there is more than the headroom.
    const mayRead = tail <= SLOT_HEADROOM_BYTES - SLOT_DATA_BYTES;
    const length = mayRead ? this.#input.read(data, control.bytes) : 0;
    if (length === NOTHING_YET) return this.#decline();
    const offset = previous === 0 ? 0n : endOffset(heap, previous);
    const inputEnded = mayRead && length === 0;
    heap.setU32(slot + SLOT.dataStart, data);
    heap.setU32(slot + SLOT.dataEnd, data + length);
    heap.setU64(slot + SLOT.fileOffset, offset);
    heap.setU32(slot + SLOT.last, inputEnded ? 1 : 0);
    if (previous !== 0) this.#core.carryTail(previous, slot);
    const status = this.#core.front(slot);
    if (this.#has(FACT_NANOSECONDS)) control.setFineTimes(number);
    if (this.#checkOrder && this.#has(FACT_DISORDER)) control.stop(STOP_DISORDER);
    const isDecoded = heap.u32(slot + SLOT.consumed) === 0 || undecoded(heap, slot) === 0;
    const isLast = status !== 0 || (inputEnded && isDecoded);
    control.publish(number, length, heap.u32(slot + SLOT.frameCount), isLast);
    return true;
  }

  #has(fact: number): boolean {
    return this.#core.captureFact(this.#capture, fact) !== 0n;
  }

  #decline(): false {
    this.#control.returnToken();
    return false;
  }
}

/** Bytes of a slot that its front left for the next. */
function undecoded(heap: Heap, slot: number): number {
  const end = heap.u32(slot + SLOT.dataEnd);
  return end - heap.u32(slot + SLOT.dataStart) - heap.u32(slot + SLOT.consumed);
}

/** Offset in the capture of the first byte behind a slot. */
function endOffset(heap: Heap, slot: number): bigint {
  const length = heap.u32(slot + SLOT.dataEnd) - heap.u32(slot + SLOT.dataStart);
  return heap.u64(slot + SLOT.fileOffset) + BigInt(length);
}

function report(core: Core, heap: Heap, task: ReplayTask): WorkerReport {
  return {
    counters: longs(heap, core.countersPtr(), task.counters * 2),
    stats: longs(heap, core.statsPtr(), STAT_COUNT),
    traversals: records(heap, core.traversalCount(), TRAVERSAL_SIZE, (i) => core.traversalAt(i)),
    differences: records(heap, core.differenceCount(), DIFFERENCE_SIZE, (i) =>
      core.differenceAt(i),
    ),
  };
}

function longs(heap: Heap, at: number, count: number): BigUint64Array {
  return new BigUint64Array(heap.copy(at >>> 0, count * 8).buffer);
}

function records(
  heap: Heap,
  count: number,
  size: number,
  at: (index: number) => number,
): Uint8Array {
  const all = new Uint8Array(count * size);
  for (let i = 0; i < count; i++) all.set(heap.bytes(at(i) >>> 0, size), i * size);
  return all;
}
