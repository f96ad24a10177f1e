import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { coreModule } from '../engine/instance.ts';
import { builtFile } from '../engine/location.ts';
import type { ReplayTask, WorkerAnswer, WorkerReport } from './protocol.ts';

/** More threads than this gain nothing, and each has its own slot in the ring. */
const MAX_WORKERS = 16;

export function defaultWorkers(): number {
  return availableParallelism();
}

/**
 * Worker threads, which take some 30 ms to start: that can go on while a host is read and compiled.
 * They serve one replay at a time (its workers wait for one another).
 */
export class Threads {
  readonly count: number;
  readonly #threads: readonly Thread[];

  constructor(count: number = defaultWorkers()) {
    this.count = Math.min(count, MAX_WORKERS);
    coreModule().catch(() => undefined); // reported when it is needed
    this.#threads = Array.from({ length: this.count }, () => new Thread());
  }

  /** Runs a worker's part of a replay, in the thread of its number. */
  run(task: ReplayTask): Promise<WorkerReport> {
    const thread = this.#threads[task.worker];
    if (thread === undefined) throw new RangeError(`no thread ${task.worker} of ${this.count}`);
    return thread.run(task);
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}

interface Waiting {
  readonly resolve: (report: WorkerReport) => void;
  readonly reject: (reason: unknown) => void;
}

/** One thread, which does its tasks one after the other. One that died rejects them all. */
class Thread {
  readonly #worker = new Worker(builtFile('bundle/pool/worker.js'));
  readonly #waiting: Waiting[] = [];
  #died: Error | undefined;

  constructor() {
    this.#worker.on('message', ({ report, error }: WorkerAnswer) => {
      const waiting = this.#waiting.shift();
      if (this.#waiting.length === 0) this.#worker.unref();
      if (report !== undefined) waiting?.resolve(report);
      else waiting?.reject(error);
    });
    this.#worker.on('error', (error) => this.#die(error));
    this.#worker.on('exit', (code) => this.#die(new Error(`a worker ended with code ${code}`)));
    this.#worker.unref(); // only a task keeps the process alive
  }

  async run(task: ReplayTask): Promise<WorkerReport> {
    if (this.#died !== undefined) throw this.#died;
    return await new Promise((resolve, reject) => {
      this.#worker.postMessage(task);
      this.#worker.ref();
      this.#waiting.push({ resolve, reject });
    });
  }

  #die(reason: Error): void {
    this.#died ??= reason;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#died);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
