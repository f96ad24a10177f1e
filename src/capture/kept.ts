/** How much of a pipe is kept: a damaged stream that is longer loses the step with the damage. */
const KEPT_BYTES = 64 * 1024 * 1024;

/** The compressed bytes that a pipe has sent, to be read once more where they are damaged. */
export class Kept {
  #chunks: Uint8Array[] = [];
  #length = 0;

  add(chunk: Uint8Array): void {
    this.#length += chunk.length;
    if (this.#length <= KEPT_BYTES) this.#chunks.push(chunk);
    else this.#chunks = [];
  }

  /** The bytes from number `start` on; undefined when they were too many. */
  from(start: number): AsyncIterable<Uint8Array> | undefined {
    return this.#length <= KEPT_BYTES ? rest(this.#chunks, start) : undefined;
  }
}

async function* rest(chunks: readonly Uint8Array[], start: number): AsyncIterable<Uint8Array> {
  let skip = start;
  for (const chunk of chunks) {
    if (chunk.length > skip) yield chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
  }
}
