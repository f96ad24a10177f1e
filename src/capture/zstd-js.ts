import { Decompress } from 'fzstd';
import type { Decoder } from './decoder.ts';

/** The decoder of fzstd. It keeps pieces for later, so they must not be reused. */
export class JsDecoder implements Decoder {
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
