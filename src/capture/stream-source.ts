import type { Readable } from 'node:stream';
import { CaptureError } from '../errors.ts';
import { DamageError, type Decoder, PIECE_BYTES, type Reread } from './decoder.ts';
import { fileError } from './file-source.ts';
import { Kept } from './kept.ts';
import type { CaptureSource } from './source.ts';

/**
 * The bytes of a stream: a pipe, or a compressed file. Takes the next chunk from it only when all
 * of the last one has been read, so memory stays the same whatever the length.
 */
export class StreamSource implements CaptureSource {
  readonly name: string;
  readonly size: number | undefined;
  readonly #stream: Readable;
  readonly #chunks: AsyncIterator<unknown>;
  /** Read from the stream and not yet handed out or decoded. */
  #raw: Uint8Array[] = [];
  #decoder: Decoder | undefined;
  #decoded: Uint8Array[] = [];
  #streamEnded = false;
  #decoderEnded = false;
  #position = 0;
  #fault: CaptureError | undefined;
  readonly #reread: Reread | undefined;
  readonly #kept = new Kept();

  /** `reread`: of a file, whose `size` is known then; what a pipe has sent is kept for a while. */
  constructor(name: string, stream: Readable, size?: number, reread?: Reread) {
    this.name = name;
    this.size = size;
    this.#stream = stream;
    this.#chunks = stream[Symbol.asyncIterator]();
    this.#reread = reread;
  }

  get position(): number {
    return this.#position;
  }

  get fault(): CaptureError | undefined {
    return this.#fault;
  }

  /** Decompresses what has not been read yet. */
  decodeWith(decoderFor: (reread: Reread) => Decoder): void {
    if (this.#reread === undefined) for (const chunk of this.#raw) this.#kept.add(chunk);
    this.#decoder = decoderFor(this.#reread ?? ((from) => this.#kept.from(from)));
  }

  /** The next `length` bytes without taking them; fewer at the end. */
  async peek(length: number): Promise<Uint8Array> {
    const ready = this.#decoder ? this.#decoded : this.#raw;
    let have = ready.reduce((sum, chunk) => sum + chunk.length, 0);
    while (have < length) {
      const before = ready.length;
      if (!(await this.#more())) break;
      for (const chunk of ready.slice(before)) have += chunk.length;
    }
    const head = new Uint8Array(Math.min(length, have));
    let at = 0;
    for (const chunk of ready) {
      if (at === head.length) break;
      const part = chunk.subarray(0, head.length - at);
      head.set(part, at);
      at += part.length;
    }
    return head;
  }

  async read(into: Uint8Array): Promise<number> {
    const ready = this.#decoder ? this.#decoded : this.#raw;
    while (ready.length === 0) if (!(await this.#more())) return 0;
    let filled = 0;
    while (filled < into.length) {
      const chunk = ready.shift();
      if (chunk === undefined) break;
      const part = chunk.subarray(0, into.length - filled);
      into.set(part, filled);
      filled += part.length;
      if (part.length < chunk.length) ready.unshift(chunk.subarray(part.length));
    }
    return filled;
  }

  async close(): Promise<void> {
    this.#stream.destroy();
  }

  /** Adds to what can be handed out, perhaps nothing yet. False at the end. */
  async #more(): Promise<boolean> {
    return this.#decoder ? this.#decodeMore(this.#decoder) : this.#readMore();
  }

  async #readMore(): Promise<boolean> {
    if (this.#streamEnded) return false;
    try {
      const { value, done } = await this.#chunks.next();
      if (done === true) {
        this.#streamEnded = true;
        return false;
      }
      const chunk = bytesOf(value);
      this.#position += chunk.length;
      if (chunk.length > 0) this.#raw.push(chunk);
      if (this.#decoder && this.#reread === undefined) this.#kept.add(chunk);
      return true;
    } catch (error) {
      throw fileError(this.name, error);
    }
  }

  async #decodeMore(decoder: Decoder): Promise<boolean> {
    if (this.#decoderEnded) return false;
    if (this.#raw.length === 0 && !this.#streamEnded) await this.#readMore();
    const chunk = this.#raw.shift();
    if (chunk === undefined && !this.#streamEnded) return true;
    try {
      if (chunk === undefined) {
        this.#decoderEnded = true;
        this.#decoded.push(...(await decoder.end()));
      } else {
        const piece = chunk.subarray(0, PIECE_BYTES);
        if (piece.length < chunk.length) this.#raw.unshift(chunk.subarray(PIECE_BYTES));
        this.#decoded.push(...(await decoder.push(piece)));
      }
    } catch (error) {
      this.#decoderEnded = true;
      this.#decoded.push(...decoder.rescued);
      const position = error instanceof DamageError ? error.position : this.#position;
      this.#fault = damaged(this.name, position, error);
    }
    return true;
  }
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return Buffer.from(value, 'latin1');
  throw new TypeError('a capture stream must yield bytes');
}

function damaged(name: string, position: number, error: unknown): CaptureError {
  const message = error instanceof Error ? error.message : String(error);
  return new CaptureError(
    `the compressed file is cut off or corrupt near its byte ${position}: ${message}`,
    name,
    undefined,
    error,
  );
}
