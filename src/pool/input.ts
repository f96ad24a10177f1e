import { readSync } from 'node:fs';
import { SLOT_DATA_BYTES } from '../../assembly/abi.ts';
import type { Heap } from '../engine/heap.ts';
import type { Control } from './control.ts';
import type { InputTask } from './protocol.ts';

/** Where the bytes come from. Only the holder of the reader's token calls it. */
export interface Input {
  /**
   * Writes the bytes of the capture from `offset` on, SLOT_DATA_BYTES at most, to address `at`.
   * Calls follow one another: `offset` is the sum of what was read. Returns the number of bytes, 0
   * at the end of the capture, NOTHING_YET when the caller may do something else first.
   */
  read(at: number, offset: number): number;
}

export const NOTHING_YET = -1;

export function openInput(task: InputTask, heap: Heap, control: Control): Input {
  return task.kind === 'file'
    ? new FileInput(task.fd, heap)
    : new ChunkInput(task.chunks, heap, control);
}

/** A plain file, read straight to where it is decoded. */
class FileInput implements Input {
  readonly #fd: number;
  readonly #heap: Heap;

  constructor(fd: number, heap: Heap) {
    this.#fd = fd;
    this.#heap = heap;
  }

  read(at: number, offset: number): number {
    return readSync(this.#fd, this.#heap.bytes(at, SLOT_DATA_BYTES), 0, SLOT_DATA_BYTES, offset);
  }
}

/** Chunks that the main thread fills in turn. */
class ChunkInput implements Input {
  readonly #chunks: readonly number[];
  readonly #heap: Heap;
  readonly #control: Control;

  constructor(chunks: readonly number[], heap: Heap, control: Control) {
    this.#chunks = chunks;
    this.#heap = heap;
    this.#control = control;
  }

  read(at: number): number {
    const control = this.#control;
    const ended = control.inputEnded; // before `filled`: nothing is filled after the end
    const taken = control.taken;
    if (taken === control.filled) return ended ? 0 : NOTHING_YET;
    const index = taken % this.#chunks.length;
    const length = control.chunkLength(index);
    this.#heap.bytes(at, length).set(this.#heap.bytes(this.#chunks[index] ?? 0, length));
    control.take();
    return length;
  }
}
