const CHUNK_SHIFT = 16;
const CHUNK = 1 << CHUNK_SHIFT;

/** Numbers of frames in their file, by the order in which they were handed out: 4 bytes a frame. */
export class FrameNumbers {
  readonly #chunks: Int32Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The next frame handed out is number `frame` (1-based) of the file. */
  push(frame: number): void {
    const index = this.#length++;
    const chunk = index >> CHUNK_SHIFT;
    this.#chunks[chunk] ??= new Int32Array(CHUNK);
    const displacement = frame - 1 - index;
    (this.#chunks[chunk] as Int32Array)[index & (CHUNK - 1)] = displacement;
  }

  /** Number in the file of the frame that was handed out as number `order`; both 1-based. */
  at(order: number): number {
    const index = order - 1;
    return order + (this.#chunks[index >> CHUNK_SHIFT]?.[index & (CHUNK - 1)] ?? 0);
  }
}
