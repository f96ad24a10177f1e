import { performance } from 'node:perf_hooks';
import type { Readable } from 'node:stream';
import { DIRECTION_IN, DIRECTION_OUT, DIRECTION_UNKNOWN } from '../assembly/abi.ts';
import { analyze } from './analysis/analyze.ts';
import { FileOrder } from './analysis/file-order.ts';
import type { PacketRecord } from './analysis/packet.ts';
import { PacketReader } from './analysis/packet-reader.ts';
import type { ReplayResult } from './analysis/result.ts';
import type { FrameNumbers } from './capture/frame-numbers.ts';
import { type CaptureSource, openCapture } from './capture/index.ts';
import { ReorderedSource } from './capture/reorder.ts';
import type { Compiled } from './compile/compiled.ts';
import { CaptureError, UsageError } from './errors.ts';
import { firstFault, isNoCapture } from './pool/fault.ts';
import { DISORDER, OWNER_CONFLICT, type PoolOutcome, runPool } from './pool/pool.ts';
import type { SlotReader } from './pool/results.ts';
import { defaultWorkers, Threads } from './pool/threads.ts';

/** Receives one record per frame of the capture, in order, about a thousand at a time. */
export interface PacketSink {
  /** Called before the first record, and again when the replay starts over: forget what was. */
  begin(): void | Promise<void>;
  /** The replay waits for it. */
  write(records: readonly PacketRecord[]): void | Promise<void>;
}

export interface ReplayProgress {
  /** Bytes of the decompressed capture, and frames, so far. */
  readonly bytes: number;
  readonly frames: number;
  /** Part of the capture file that was read, 0 to 1; undefined for a pipe. */
  readonly fraction: number | undefined;
}

export interface ReplayOptions {
  /** Threads; default: one per core. Rules with state across connections are judged by one. */
  readonly workers?: number | undefined;
  /** Threads that were started before, and stay the caller's to close; default: its own. */
  readonly threads?: Threads | undefined;
  /** Interface and direction of frames of which nothing else tells them. */
  readonly at?: string | undefined;
  readonly direction?: 'in' | 'out' | undefined;
  readonly packets?: PacketSink | undefined;
  /** Called some times a second. */
  readonly progress?: ((progress: ReplayProgress) => void) | undefined;
  /** Ends the replay: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Replays a capture through a host's rules. `capture`: a path, "-" for standard input, a stream of
 * bytes, or an open source, which stays the caller's to close. A capture that ends in the middle or
 * is corrupt further on is no error: `result.capture.fault` says so. Rejects with a CaptureError
 * where there is nothing to read, a FileError, a UsageError for wrong options.
 */
export async function replay(
  compiled: Compiled,
  capture: string | Readable | CaptureSource,
  options: ReplayOptions = {},
): Promise<ReplayResult> {
  const started = performance.now();
  const at = placeOf(compiled, options);
  const asked = workersOf(options);
  const input = new Input(capture, compiled, options.signal);
  const threads = options.threads ?? new Threads(asked);
  const wanted = Math.min(asked, threads.count);
  const run = async (workers: number): Promise<PoolOutcome> => {
    const { source, numbers, isRepeatable } = input;
    await options.packets?.begin();
    return await runPool(compiled, source, {
      threads,
      workers,
      ...at,
      checkOrder: numbers === undefined && isRepeatable,
      results: slotReader(compiled, options.packets, numbers),
      progress: progressOf(source, options.progress),
      signal: options.signal,
    });
  };
  try {
    await input.open();
    let why = wanted > 1 ? whyOne(compiled, input) : null;
    let report = await run(why === null ? wanted : 1);
    while (report === OWNER_CONFLICT || report === DISORDER) {
      if (report === OWNER_CONFLICT) why = 'NAT moves connections between workers';
      await input.open(report === DISORDER);
      report = await run(why === null ? wanted : 1);
    }
    const { name, fault } = input.source;
    if (report.fault && isNoCapture(report.fault)) {
      throw new CaptureError(report.fault.message, name, report.fault.offset);
    }
    return analyze(compiled, {
      capture: {
        name,
        facts: report.facts,
        bytes: report.bytes,
        fault: firstFault(report.fault, fault),
      },
      workers: report.workers,
      frameNumber: (frame) => input.numbers?.at(frame) ?? frame,
      speed: {
        workers: why === null ? wanted : 1,
        oneWorker: why,
        elapsedSec: (performance.now() - started) / 1000,
      },
    });
  } finally {
    if (threads !== options.threads) await threads.close();
    await input.close();
  }
}

/**
 * The capture. A file can be read a second time: in the order of time, if it turns out not to be; a
 * stream is put in order from the start.
 */
class Input {
  readonly #capture: string | Readable | CaptureSource;
  readonly #compiled: Compiled;
  readonly #signal: AbortSignal | undefined;
  #opened: CaptureSource | undefined;
  #reordered: ReorderedSource | undefined;

  constructor(
    capture: string | Readable | CaptureSource,
    compiled: Compiled,
    signal: AbortSignal | undefined,
  ) {
    this.#capture = capture;
    this.#compiled = compiled;
    this.#signal = signal;
  }

  get source(): CaptureSource {
    return this.#reordered ?? this.#inner;
  }

  get #inner(): CaptureSource {
    if (this.#opened === undefined) throw new Error('not open');
    return this.#opened;
  }

  get isRepeatable(): boolean {
    const { plainFile, size } = this.#inner;
    return plainFile !== undefined || (typeof this.#capture === 'string' && size !== undefined);
  }

  /** Numbers in the file of the frames as they are replayed; undefined: they are the same. */
  get numbers(): FrameNumbers | undefined {
    return this.#reordered?.frames;
  }

  /** Opens the capture, again if it is open; from now on in the order of time, if that is asked. */
  async open(inOrder = this.#reordered !== undefined): Promise<void> {
    await this.close();
    const capture = this.#capture;
    this.#opened = isSource(capture) ? capture : await this.#openUnlessAborted(capture);
    this.#reordered =
      inOrder || !this.isRepeatable
        ? new ReorderedSource(this.#opened, interfaceRank(this.#compiled))
        : undefined;
  }

  /** A stream may wait for its first bytes for ever; a named pipe too, but nobody can end that. */
  async #openUnlessAborted(capture: string | Readable): Promise<CaptureSource> {
    const signal = this.#signal;
    signal?.throwIfAborted();
    const opening = openCapture(capture);
    const isPath = typeof capture === 'string' && capture !== '-';
    if (signal === undefined || isPath) return await opening;
    let onAbort = () => {};
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason);
    });
    signal.addEventListener('abort', onAbort);
    try {
      return await Promise.race([opening, aborted]);
    } catch (error) {
      opening.then((source) => source.close()).catch(() => undefined); // comes too late, or failed
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    if (!isSource(this.#capture)) await this.#opened?.close();
  }
}

/** The kernel stamps a packet once, at the bridge's port: there it goes before the bridge. */
function interfaceRank(compiled: Compiled): (name: string) => number {
  const ports = new Set(
    compiled.host.interfaces.filter(({ master }) => master !== 0).map(({ name }) => name),
  );
  return (name) => (ports.has(name) ? 0 : 1);
}

function isSource(capture: string | Readable | CaptureSource): capture is CaptureSource {
  return typeof capture !== 'string' && 'read' in capture && 'position' in capture;
}

function workersOf({ threads, workers }: ReplayOptions): number {
  const wanted = workers ?? threads?.count ?? defaultWorkers();
  if (!Number.isSafeInteger(wanted) || wanted < 1) {
    throw new UsageError(`workers: expected a number from 1, not ${wanted}`);
  }
  return wanted;
}

function whyOne(compiled: Compiled, input: Input): string | null {
  if (compiled.ordered.length > 0) return compiled.ordered.join('; ');
  return input.isRepeatable ? null : 'the capture is a stream';
}

const DIRECTIONS = { in: DIRECTION_IN, out: DIRECTION_OUT };

function placeOf(
  compiled: Compiled,
  { at, direction }: ReplayOptions,
): { atIface: number; atDirection: number } {
  if (at === undefined) {
    if (direction !== undefined) throw new UsageError('a direction needs an interface (at)');
    return { atIface: 0, atDirection: DIRECTION_UNKNOWN };
  }
  const iface = compiled.host.interfaces.find(({ name }) => name === at);
  if (iface === undefined) {
    const names = compiled.host.interfaces.map(({ name }) => name).join(', ');
    throw new UsageError(`the host has no interface ${at}: it has ${names}`);
  }
  if (direction !== undefined && !Object.hasOwn(DIRECTIONS, direction)) {
    throw new UsageError(`direction: expected in or out, not ${direction}`);
  }
  return {
    atIface: iface.id,
    atDirection: direction === undefined ? DIRECTION_UNKNOWN : DIRECTIONS[direction],
  };
}

function slotReader(
  compiled: Compiled,
  sink: PacketSink | undefined,
  numbers: FrameNumbers | undefined,
): SlotReader | undefined {
  if (sink === undefined) return undefined;
  const reader = new PacketReader(compiled);
  const order = numbers && new FileOrder(numbers);
  return async (slot, heap, fineTimes) => {
    for (const records of reader.read(slot, heap, fineTimes)) {
      await sink.write(order ? order.add(records) : records);
    }
  };
}

function progressOf(
  source: CaptureSource,
  progress: ReplayOptions['progress'],
): ((done: { bytes: number; frames: number }) => void) | undefined {
  if (progress === undefined) return undefined;
  const { size, plainFile } = source;
  return ({ bytes, frames }) => {
    const position = plainFile === undefined ? source.position : bytes;
    progress({ bytes, frames, fraction: size ? Math.min(1, position / size) : undefined });
  };
}
