/** A growing buffer of little-endian numbers, padded so that every part starts on 4 bytes. */
export class Bytes {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  u16(value: number): this {
    this.#room(2);
    this.#view.setUint16(this.#length, value, true);
    this.#length += 2;
    return this;
  }

  u32(value: number): this {
    this.#room(4);
    this.#view.setUint32(this.#length, value >>> 0, true);
    this.#length += 4;
    return this;
  }

  u64(value: bigint): this {
    this.#room(8);
    this.#view.setBigUint64(this.#length, value, true);
    this.#length += 8;
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#room(bytes.length + 3);
    this.#bytes.set(bytes, this.#length);
    this.#length += (bytes.length + 3) & ~3;
    return this;
  }

  toUint8Array(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const bigger = new Uint8Array((this.#length + more) * 2);
    bigger.set(this.#bytes);
    this.#bytes = bigger;
    this.#view = new DataView(bigger.buffer);
  }
}
