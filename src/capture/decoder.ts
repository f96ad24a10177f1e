import { once } from 'node:events';
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';

/**
 * A decompressor that is fed piece by piece. Both calls return what could be decompressed; they
 * reject where the compressed stream is damaged, and what was decompressed before that is in
 * `rescued`.
 */
export interface Decoder {
  push(piece: Uint8Array): Promise<Uint8Array[]>;
  end(): Promise<Uint8Array[]>;
  readonly rescued: Uint8Array[];
}

/** Bytes pushed at a time: what they can swell to stays in memory until it is read. */
export const PIECE_BYTES = 16 * 1024;

/** gzip, any number of members (RFC 1952 2.2). */
export function gunzip(): Decoder {
  return new StreamDecoder(zlib.createGunzip({ chunkSize: 64 * 1024 }));
}

/** zstd, any number of frames: by this Node's zlib if it can, else in JavaScript. */
export function unzstd(): Decoder {
  const create: unknown = Reflect.get(zlib, 'createZstdDecompress');
  if (typeof create === 'function') return new StreamDecoder(create() as Transform);
  return new ZstdDecoder();
}

/** Feeds a transform of node:zlib. Its output flows; holding back the input is what limits it. */
class StreamDecoder implements Decoder {
  readonly #stream: Transform;
  #output: Uint8Array[] = [];
  #ended = false;
  #error: Error | undefined;

  constructor(stream: Transform) {
    this.#stream = stream;
    stream.on('data', (chunk: Uint8Array) => this.#output.push(chunk));
    stream.on('end', () => {
      this.#ended = true;
    });
    stream.on('error', (error: Error) => {
      this.#error = error;
    });
  }

  get rescued(): Uint8Array[] {
    return this.#take();
  }

  async push(piece: Uint8Array): Promise<Uint8Array[]> {
    if (this.#error) throw this.#error;
    if (this.#ended) return []; // garbage behind the last member
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: Error | null): void => {
        this.#stream.off('end', settle);
        if (error) reject(error);
        else resolve();
      };
      this.#stream.on('end', settle);
      this.#stream.write(piece, settle);
    });
    return this.#take();
  }

  async end(): Promise<Uint8Array[]> {
    if (this.#error) throw this.#error;
    if (!this.#ended) {
      const ended = once(this.#stream, 'end');
      this.#stream.end();
      await ended;
    }
    return this.#take();
  }

  #take(): Uint8Array[] {
    const output = this.#output;
    this.#output = [];
    return output;
  }
}

/** The decoder of fzstd. It keeps pieces for later, so they must not be reused. */
class ZstdDecoder implements Decoder {
  #output: Uint8Array[] = [];
  readonly #stream = new Decompress((chunk) => {
    if (chunk.length > 0) this.#output.push(chunk);
  });

  get rescued(): Uint8Array[] {
    const output = this.#output;
    this.#output = [];
    return output;
  }

  async push(piece: Uint8Array): Promise<Uint8Array[]> {
    this.#stream.push(piece);
    return this.rescued;
  }

  async end(): Promise<Uint8Array[]> {
    this.#stream.push(new Uint8Array(0), true);
    return this.rescued;
  }
}
