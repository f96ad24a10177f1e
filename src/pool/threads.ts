import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { clearStaticData, coreModule, createMemory } from '../engine/instance.ts';
import { builtFile } from '../engine/location.ts';
import { UsageError } from '../errors.ts';
import type { ReplayTask, WorkerReport } from './protocol.ts';

/** More threads than this gain nothing, and each has its own slot in the ring. */
const MAX_WORKERS = 16;

export function defaultWorkers(): number {
  return availableParallelism();
}

/**
 * Worker threads, which take some 50 ms to start: that can go on while a host is read and compiled.
 * They serve one replay at a time (its workers wait for one another).
 */
export class Threads {
  readonly count: number;
  readonly #pool: Piscina<ReplayTask, WorkerReport>;
  readonly #loaded: Promise<unknown>;
  #memory: WebAssembly.Memory | undefined;
  #isTaken = false;

  constructor(count: number = defaultWorkers()) {
    this.count = Math.min(count, MAX_WORKERS);
    coreModule().catch(() => undefined); // reported when it is needed
    this.#pool = new Piscina<ReplayTask, WorkerReport>({
      filename: fileURLToPath(builtFile('bundle/pool/worker.js')),
      minThreads: this.count,
      maxThreads: this.count,
      concurrentTasksPerWorker: 1,
      // Each thread has one task: what speeds up thousands only costs time at its start and end.
      atomics: 'disabled',
      recordTiming: false,
    });
    this.#loaded = Promise.all(this.#pool.threads.map(firstSign));
  }

  /**
   * The memory for the next replay, which its first instance has to renew(), until giveBack(). It
   * is one for all of them: the threads would go on holding those of earlier replays, since nothing
   * tells their collectors how large they are. Throws a UsageError while a replay has it.
   */
  take(): WebAssembly.Memory {
    if (this.#isTaken) throw new UsageError('threads: they serve another replay, one at a time');
    this.#isTaken = true;
    if (this.#memory === undefined) this.#memory = createMemory();
    else clearStaticData(this.#memory);
    return this.#memory;
  }

  /** Says that all parts of the replay that took the memory have ended. */
  giveBack(): void {
    this.#isTaken = false;
  }

  /** Runs a worker's part of a replay. */
  run(task: ReplayTask): Promise<WorkerReport> {
    return this.#pool.run(task);
  }

  /** Ends the threads, but none that is still loading its code: that can abort Node. */
  async close(): Promise<void> {
    for (const thread of this.#pool.threads) thread.ref();
    await this.#loaded;
    await this.#pool.destroy();
  }
}

/** Settles with a thread's first message, which says that it is ready, or with its end. */
function firstSign(thread: Worker): Promise<unknown> {
  return new Promise((resolve) => {
    thread.once('message', resolve);
    thread.once('exit', resolve);
  });
}
