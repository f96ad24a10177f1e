/**
 * A worker of a replay. Slots are read and decoded in order by whoever finds these tokens free
 * (front.ts); then every worker judges its own frames of each slot, in order. A worker decodes
 * before it judges, up to LOOKAHEAD slots in advance, so that the others find work when they are
 * done, and reads for one slot more, so that nobody reads who could decode.
 *
 * Runs as one bundled file, dist/bundle/pool/worker.js.
 */
import { DIFFERENCE_SIZE, STAT_COUNT, STATUS_OK, TRAVERSAL_SIZE } from '../../assembly/abi.ts';
import type { Core } from '../engine/core.ts';
import type { Heap } from '../engine/heap.ts';
import { instantiate } from '../engine/instance.ts';
import { CoreError } from '../errors.ts';
import { Control, STOP_FAILED, STOP_STATUS } from './control.ts';
import { Front } from './front.ts';
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
  const readAhead = task.workers === 1 ? 1 : LOOKAHEAD + 1;
  for (let slot = 0; !control.isEnd(slot); ) {
    const event = control.event;
    if (control.stopped !== 0) return;
    if (control.fronted - slot < lookahead && front.decode()) continue;
    if (control.read - slot < readAhead && front.read()) continue;
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
