/** What the main thread and the workers of one replay say to each other. */
import type { InterfaceName } from '../engine/names.ts';

/** A worker's part of a replay; everything it refers to by number is in `memory`. */
export interface ReplayTask {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly names: readonly InterfaceName[];
  /** 0-based, of `workers`. */
  readonly worker: number;
  readonly workers: number;
  readonly image: number;
  readonly built: number;
  readonly capture: number;
  /** Rules and policies that count. */
  readonly counters: number;
  /** Addresses of the slots of the ring. */
  readonly slots: readonly number[];
  /** Address of the control words, see control.ts. */
  readonly control: number;
  readonly input: InputTask;
  /** Stop where frames of several interfaces are not in the order of time. */
  readonly checkOrder: boolean;
  /** The main thread reads every slot after the workers, before it is used again. */
  readonly withResults: boolean;
}

/** Where the worker that holds the front's token gets the next bytes of the capture. */
export type InputTask =
  /** A plain file, read by the workers through this descriptor of the process. */
  | { readonly kind: 'file'; readonly fd: number }
  /** Chunks that the main thread fills: their addresses. */
  | { readonly kind: 'chunks'; readonly chunks: readonly number[] };

/** What a worker counted. */
export interface WorkerReport {
  /** Packets and bytes alternating, by counter id. */
  readonly counters: BigUint64Array;
  /** By STAT_*. */
  readonly stats: BigUint64Array;
  /** Traversal records, TRAVERSAL_SIZE bytes each. */
  readonly traversals: Uint8Array;
  /** Difference records, DIFFERENCE_SIZE bytes each. */
  readonly differences: Uint8Array;
}
