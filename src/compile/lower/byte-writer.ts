/** A growing buffer of little-endian numbers. */
export class ByteWriter {
  #bytes = new Uint8Array(64);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(...values: readonly number[]): this {
    for (const value of values) {
      const at = this.#room(2); // may replace the view
      this.#view.setUint16(at, value, true);
    }
    return this;
  }

  u32(...values: readonly number[]): this {
    for (const value of values) {
      const at = this.#room(4); // may replace the view
      this.#view.setUint32(at, value, true);
    }
    return this;
  }

  u64(...values: readonly bigint[]): this {
    for (const value of values) {
      const at = this.#room(8); // may replace the view
      this.#view.setBigUint64(at, value, true);
    }
    return this;
  }

  raw(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Zeroes up to the next multiple of `size`. */
  align(size: number): this {
    this.#room((size - (this.#length % size)) % size);
    return this;
  }

  /** Overwrites four bytes that were written before. */
  setU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  toUint8Array(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #room(more: number): number {
    const at = this.#length;
    this.#length += more;
    if (this.#length > this.#bytes.length) {
      const bigger = new Uint8Array(this.#length * 2);
      bigger.set(this.#bytes);
      this.#bytes = bigger;
      this.#view = new DataView(bigger.buffer);
    }
    return at;
  }
}
