import { once } from 'node:events';
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import type { Decoder } from './decoder.ts';

const ENDINGS = ['end', 'error', 'close'] as const;

/** zstd, any number of frames: by this Node's zlib if it can, else in JavaScript. */
export async function zstdDecoder(): Promise<Decoder> {
  const create: unknown = Reflect.get(zlib, 'createZstdDecompress');
  if (typeof create === 'function') return new NativeDecoder(create() as Transform);
  const { JsDecoder } = await import('./zstd-js.ts');
  return new JsDecoder();
}

/** Feeds a transform of node:zlib. Its output flows; holding back the input is what limits it. */
class NativeDecoder implements Decoder {
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
    const output = this.#output;
    this.#output = [];
    return output;
  }

  async push(piece: Uint8Array): Promise<Uint8Array[]> {
    if (this.#ended) return [];
    await new Promise<void>((resolve) => {
      // the write is never called back when it ends the stream or finds it damaged
      const settle = (): void => {
        for (const event of ENDINGS) this.#stream.off(event, settle);
        resolve();
      };
      for (const event of ENDINGS) this.#stream.on(event, settle);
      this.#stream.write(piece, settle);
    });
    if (this.#error) throw this.#error;
    return this.rescued;
  }

  async end(): Promise<Uint8Array[]> {
    if (!this.#ended) {
      const ended = once(this.#stream, 'end');
      this.#stream.end();
      await ended;
    }
    return this.rescued;
  }
}
