import { once } from 'node:events';
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { DamageError, type Decoder, type Reread } from './decoder.ts';

const ENDINGS = ['end', 'error', 'close'] as const;

/** zstd, any number of frames: by this Node's zlib if it can, else in JavaScript. */
export async function zstdDecoder(): Promise<(reread: Reread) => Decoder> {
  const create: unknown = Reflect.get(zlib, 'createZstdDecompress');
  const { JsDecoder } = await import('./zstd-js.ts');
  if (typeof create !== 'function') return () => new JsDecoder();
  const rescuer = () => new JsDecoder();
  return (reread) => new NativeDecoder(create() as Transform, reread, rescuer);
}

/**
 * Feeds a transform of node:zlib. Its output flows; holding back the input is what limits it. What
 * it loses, the start of the step in which it finds damage, a `rescuer` decompresses once more.
 */
class NativeDecoder implements Decoder {
  readonly #stream: Transform;
  readonly #reread: Reread;
  readonly #rescuer: () => Decoder;
  #output: Uint8Array[] = [];
  #total = 0;
  #ended = false;
  #error: Error | undefined;

  constructor(stream: Transform, reread: Reread, rescuer: () => Decoder) {
    this.#stream = stream;
    this.#reread = reread;
    this.#rescuer = rescuer;
    stream.on('data', (chunk: Uint8Array) => {
      this.#output.push(chunk);
      this.#total += chunk.length;
    });
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
    if (this.#error) throw (await this.#rescue()) ?? this.#error;
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

  async #rescue(): Promise<DamageError | undefined> {
    const rescuer = this.#rescuer();
    let known = this.#total;
    const add = (chunks: readonly Uint8Array[]): void => {
      for (const chunk of chunks) {
        if (chunk.length > known) this.#output.push(chunk.subarray(known));
        known = Math.max(0, known - chunk.length);
      }
    };
    try {
      for await (const piece of this.#reread(0) ?? []) add(await rescuer.push(piece));
      return undefined;
    } catch (error) {
      add(rescuer.rescued);
      return error instanceof DamageError ? error : undefined;
    }
  }
}
