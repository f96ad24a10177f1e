import { Decompress } from 'fzstd';
import { DamageError, type Decoder } from './decoder.ts';
import { ZstdParts } from './zstd-parts.ts';

/** The decoder of fzstd, fed block by block, so that it is known which one is damaged. */
export class JsDecoder implements Decoder {
  #output: Uint8Array[] = [];
  readonly #parts = new ZstdParts();
  readonly #stream = new Decompress((chunk) => {
    if (chunk.length > 0) this.#output.push(chunk);
  });

  get rescued(): Uint8Array[] {
    const output = this.#output;
    this.#output = [];
    return output;
  }

  async push(piece: Uint8Array): Promise<Uint8Array[]> {
    this.#parts.push(piece);
    for (;;) {
      const position = this.#parts.position;
      try {
        const part = this.#parts.next();
        if (part === undefined) return this.rescued;
        if (part.length > 0) this.#stream.push(part);
      } catch (error) {
        throw new DamageError(error, position);
      }
    }
  }

  async end(): Promise<Uint8Array[]> {
    if (!this.#parts.isBetweenFrames) throw new Error('unexpected end of file');
    this.#stream.push(new Uint8Array(0), true);
    return this.rescued;
  }
}
