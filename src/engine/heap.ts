/**
 * Views of the shared memory. It grows while workers allocate, and a view taken before does not
 * reach what was added, so every access goes through a check of its end.
 */
export class Heap {
  readonly memory: WebAssembly.Memory;
  #bytes: Uint8Array;
  #view: DataView;

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
  }

  /** A view of the memory that reaches at least to `end` (a byte offset). Little endian. */
  view(end: number): DataView {
    if (end > this.#view.byteLength) this.#refresh();
    return this.#view;
  }

  /** The bytes from `at`; shared, not a copy. */
  bytes(at: number, length: number): Uint8Array {
    if (at + length > this.#bytes.length) this.#refresh();
    return this.#bytes.subarray(at, at + length);
  }

  /** A private copy. */
  copy(at: number, length: number): Uint8Array {
    return this.bytes(at, length).slice();
  }

  u32(at: number): number {
    return this.view(at + 4).getUint32(at, true);
  }

  setU32(at: number, value: number): void {
    this.view(at + 4).setUint32(at, value, true);
  }

  u64(at: number): bigint {
    return this.view(at + 8).getBigUint64(at, true);
  }

  setU64(at: number, value: bigint): void {
    this.view(at + 8).setBigUint64(at, value, true);
  }

  #refresh(): void {
    this.memory.grow(0); // another thread's growth shows in `buffer` only after this
    this.#bytes = new Uint8Array(this.memory.buffer);
    this.#view = new DataView(this.memory.buffer);
  }
}
