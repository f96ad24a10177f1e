import { type FileHandle, open } from 'node:fs/promises';
import { SLOT_DATA_BYTES, STATUS_OWNER_CONFLICT } from '../../assembly/abi.ts';
import { FACT_COUNT } from '../../assembly/abi-capture.ts';
import type { CaptureSource } from '../capture/source.ts';
import type { Compiled } from '../compile/compiled.ts';
import { allocate, loadImage } from '../engine/image.ts';
import { coreModule, type Instance, instantiate } from '../engine/instance.ts';
import { interfaceNames } from '../engine/names.ts';
import { addNatRanges } from '../engine/nat-ranges.ts';
import { CoreError } from '../errors.ts';
import {
  CONTROL_BYTES,
  Control,
  STOP_ABORTED,
  STOP_DISORDER,
  STOP_FAILED,
  STOP_FINISHED,
  STOP_STATUS,
} from './control.ts';
import { type CaptureFault, captureFault } from './fault.ts';
import { feed } from './feeder.ts';
import type { InputTask, ReplayTask, WorkerReport } from './protocol.ts';
import { readResults, type SlotReader } from './results.ts';
import type { Threads } from './threads.ts';

/** How far a replay is. */
export interface Progress {
  /** Bytes of the (decompressed) capture that were decoded. */
  readonly bytes: number;
  /** Frames that were decoded. */
  readonly frames: number;
}

export interface PoolOptions {
  /** At least as many as workers. */
  readonly threads: Threads;
  readonly workers: number;
  /** Interface id and DIRECTION_* of frames that nothing else places; 0: none. */
  readonly atIface: number;
  readonly atDirection: number;
  /** Give up with DISORDER where frames of several interfaces are not in the order of time. */
  readonly checkOrder: boolean;
  /** Called for every slot, in order, once all its frames are judged. */
  readonly results?: SlotReader | undefined;
  readonly progress?: ((progress: Progress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a replay leaves, not yet put together. */
export interface PoolReport {
  readonly workers: readonly WorkerReport[];
  /** By FACT_*. */
  readonly facts: readonly bigint[];
  /** Why the capture could not be read to its end; null: it was. */
  readonly fault: CaptureFault | null;
  readonly bytes: number;
  readonly frames: number;
}

/** The rules let NAT move a connection to another worker: one must do it alone. */
export const OWNER_CONFLICT = Symbol('owner conflict');
/** The capture's frames are not in the order of time. */
export const DISORDER = Symbol('disorder');

export type PoolOutcome = PoolReport | typeof OWNER_CONFLICT | typeof DISORDER;

const CHUNKS = 4;
/** Slots of the ring beyond one per worker: one whose tail is carried, one to decode ahead. */
const SPARE_SLOTS = 2;
const PROGRESS_MILLIS = 100;

/** Replays one capture in `options.threads`, which nobody else may use meanwhile. */
export async function runPool(
  compiled: Compiled,
  source: CaptureSource,
  options: PoolOptions,
): Promise<PoolOutcome> {
  options.signal?.throwIfAborted();
  const module = await coreModule();
  const memory = options.threads.take();
  let file: FileHandle | undefined;
  try {
    const run = new Run(module, memory, compiled, options);
    if (source.plainFile !== undefined) file = await open(source.plainFile, 'r');
    return await run.replay(source, file?.fd);
  } finally {
    options.threads.giveBack();
    await file?.close();
  }
}

/** The memory of one replay and what was set up in it. */
class Run {
  readonly #options: PoolOptions;
  readonly #main: Instance;
  readonly #control: Control;
  readonly #task: Omit<ReplayTask, 'worker' | 'input'>;

  constructor(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    compiled: Compiled,
    options: PoolOptions,
  ) {
    const { workers } = options;
    const names = interfaceNames(compiled.host);
    const main = instantiate(module, memory, names);
    main.core.renew();
    const loaded = loadImage(main, compiled);
    const withResults = options.results !== undefined;
    const readAhead = workers > 1 ? 1 : 0; // a slot to read for while another is decoded
    const slots = Array.from({ length: workers + SPARE_SLOTS + readAhead }, () =>
      allocate(main.core.createSlot(withResults ? 1 : 0)),
    );
    const control = allocate(main.core.alloc(CONTROL_BYTES));
    this.#options = options;
    this.#main = main;
    this.#control = new Control(memory, control, slots.length, workers + (withResults ? 1 : 0));
    this.#task = {
      module,
      memory,
      names,
      workers,
      ...loaded,
      capture: this.#createCapture(compiled),
      counters: compiled.counters.length,
      slots,
      control,
      withResults,
      checkOrder: options.checkOrder,
    };
  }

  #createCapture(compiled: Compiled): number {
    const { core } = this.#main;
    const { workers, atIface, atDirection } = this.#options;
    const capture = allocate(core.createCaptureState(workers));
    core.setAt(capture, atIface, atDirection);
    addNatRanges(this.#main, capture, compiled.host); // what owners are is the same for any number
    return capture;
  }

  async replay(source: CaptureSource, fd: number | undefined): Promise<PoolOutcome> {
    const control = this.#control;
    const { signal, results, threads, workers } = this.#options;
    const onAbort = () => control.stop(STOP_ABORTED);
    signal?.addEventListener('abort', onAbort);
    const timer = this.#reportProgress();
    const failures: unknown[] = [];
    const guard = (part: Promise<unknown>): Promise<void> =>
      part.then(
        () => undefined,
        (error: unknown) => {
          failures.push(error);
          control.stop(STOP_FAILED); // let the others end
        },
      );
    try {
      const { input, feeding } = this.#openInput(source, fd);
      void guard(feeding);
      const reports: WorkerReport[] = [];
      const parts = Array.from({ length: workers }, async (_, worker) => {
        reports[worker] = await threads.run({ ...this.#task, worker, input });
      });
      if (results) parts.push(readResults(results, this.#task.slots, this.#main.heap, control));
      await Promise.all(parts.map(guard));
      const { stopped } = control;
      control.stop(STOP_FINISHED); // the source may be read no further, whatever it has left
      if (failures.length > 0) throw failures[0];
      return this.#conclude(reports, stopped);
    } finally {
      clearInterval(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  #openInput(
    source: CaptureSource,
    fd: number | undefined,
  ): { input: InputTask; feeding: Promise<void> } {
    if (fd !== undefined) return { input: { kind: 'file', fd }, feeding: Promise.resolve() };
    const { core, heap } = this.#main;
    const chunks = Array.from({ length: CHUNKS }, () => allocate(core.alloc(SLOT_DATA_BYTES)));
    return {
      input: { kind: 'chunks', chunks },
      feeding: feed(source, chunks, heap, this.#control),
    };
  }

  #reportProgress(): NodeJS.Timeout | undefined {
    const { progress } = this.#options;
    if (progress === undefined) return undefined;
    const { bytes, frames } = this.#control;
    progress({ bytes, frames });
    return setInterval(
      () => progress({ bytes: this.#control.bytes, frames: this.#control.frames }),
      PROGRESS_MILLIS,
    ).unref();
  }

  #conclude(workers: WorkerReport[], stopped: number): PoolOutcome {
    const control = this.#control;
    if (stopped === STOP_ABORTED) this.#options.signal?.throwIfAborted();
    if (stopped === STOP_DISORDER) return DISORDER;
    if (stopped === STOP_STATUS + STATUS_OWNER_CONFLICT) return OWNER_CONFLICT;
    if (stopped !== 0) throw new CoreError('the core gave up', stopped - STOP_STATUS);
    const { core, heap } = this.#main;
    const lastSlot = this.#task.slots[control.ring(control.fronted - 1)] ?? 0;
    return {
      workers,
      facts: Array.from({ length: FACT_COUNT }, (_, fact) =>
        BigInt.asUintN(64, core.captureFact(this.#task.capture, fact)),
      ),
      fault: captureFault(heap, lastSlot),
      bytes: control.bytes,
      frames: control.frames,
    };
  }
}
