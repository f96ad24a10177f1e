import { Buffer } from 'node:buffer';

/**
 * A growing buffer of little-endian numbers. There are thousands of small ones: no DataView, whose
 * buffer would be allocated apart. Loops count: V8's interpreter, which runs a short replay, takes
 * several times as long for those that iterate.
 */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  /** `room`: how many bytes there will be, if that is known; it grows where there are more. */
  constructor(room = 64) {
    this.#bytes = new Uint8Array(room);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const at = this.#room(1);
    this.#bytes[at] = value;
    return this;
  }

  u16(...values: readonly number[]): this {
    const { length } = values;
    let at = this.#room(2 * length);
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) {
      const value = values[i] ?? 0;
      bytes[at++] = value;
      bytes[at++] = value >>> 8;
    }
    return this;
  }

  u32(...values: readonly number[]): this {
    const { length } = values;
    const at = this.#room(4 * length);
    for (let i = 0; i < length; i++) this.#put32(at + 4 * i, values[i] ?? 0);
    return this;
  }

  u64(...values: readonly bigint[]): this {
    for (const value of values) {
      this.u32(Number(value & 0xffffffffn), Number((value >> 32n) & 0xffffffffn));
    }
    return this;
  }

  raw(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Once more `length` bytes that were written before. */
  again(from: number, length: number): this {
    const at = this.#room(length);
    this.#bytes.copyWithin(at, from, from + length);
    return this;
  }

  /** What was written from an offset on, a character for each byte. */
  text(from: number): string {
    const { buffer, byteOffset } = this.#bytes;
    return Buffer.from(buffer, byteOffset + from, this.#length - from).toString('latin1');
  }

  /** Forgets what was written from an offset on. */
  cut(from: number): void {
    this.#bytes.fill(0, from, this.#length);
    this.#length = from;
  }

  /** Zeroes up to the next multiple of `size`. */
  align(size: number): this {
    this.#room((size - (this.#length % size)) % size);
    return this;
  }

  /** Overwrites four bytes that were written before. */
  setU32(at: number, value: number): void {
    this.#put32(at, value);
  }

  /** What was written; the last call. */
  toUint8Array(): Uint8Array {
    const bytes = this.#bytes;
    return this.#length === bytes.length ? bytes : bytes.slice(0, this.#length);
  }

  #put32(at: number, value: number): void {
    const bytes = this.#bytes;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
  }

  #room(more: number): number {
    const at = this.#length;
    this.#length += more;
    if (this.#length > this.#bytes.length) {
      const bigger = new Uint8Array(this.#length * 2);
      bigger.set(this.#bytes);
      this.#bytes = bigger;
    }
    return at;
  }
}
