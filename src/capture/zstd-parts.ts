/**
 * A zstd stream (RFC 8878) taken apart: frame headers, blocks, checksums, skippable frames. What is
 * in a block is left to its decoder.
 */
const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a5; // with any low four bits
const BLOCK_HEADER = 3;
const BLOCK_MAX = 128 * 1024;
const BLOCK_RLE = 1;
const BLOCK_RESERVED = 3;
const CHECKSUM = 4;
const CONTENT_SIZES = [0, 2, 4, 8];
const DICTIONARY_SIZES = [0, 1, 2, 4];
/** Windows are held in memory; the zstd command's limit without --long. */
const WINDOW_MAX = 128 * 1024 * 1024;

export class ZstdParts {
  /** Of the next part in the stream. */
  position = 0;
  #input: Uint8Array = new Uint8Array(0);
  #expect: 'frame' | 'block' | 'checksum' = 'frame';
  #hasChecksum = false;
  #skip = 0;

  get isBetweenFrames(): boolean {
    return this.#expect === 'frame' && this.#input.length === 0 && this.#skip === 0;
  }

  push(piece: Uint8Array): void {
    this.#input = this.#input.length === 0 ? piece : Buffer.concat([this.#input, piece]);
  }

  /** The next part (of a skippable frame: nothing), or undefined: it is not whole yet. */
  next(): Uint8Array | undefined {
    if (this.#skip > 0) {
      this.#skip -= this.#advance(Math.min(this.#skip, this.#input.length)).length;
      if (this.#skip > 0) return undefined;
    }
    if (this.#expect === 'frame' && this.#isSkippable()) return this.#skipFrame();
    const length = this.#partLength();
    if (length === undefined || this.#input.length < length) return undefined;
    if (this.#expect === 'frame') {
      this.#hasChecksum = ((this.#input[4] ?? 0) & 4) !== 0;
      this.#expect = 'block';
    } else if (this.#expect === 'checksum') {
      this.#expect = 'frame';
    } else if ((this.#input[0] ?? 0) & 1) {
      this.#expect = this.#hasChecksum ? 'checksum' : 'frame';
    }
    return this.#advance(length);
  }

  get #view(): DataView {
    return new DataView(this.#input.buffer, this.#input.byteOffset, this.#input.length);
  }

  #isSkippable(): boolean {
    return this.#input.length >= 4 && this.#view.getUint32(0, true) >>> 4 === SKIPPABLE;
  }

  #skipFrame(): Uint8Array | undefined {
    if (this.#input.length < 8) return undefined;
    this.#skip = this.#view.getUint32(4, true);
    return this.#advance(8).subarray(8);
  }

  #advance(length: number): Uint8Array {
    const part = this.#input.subarray(0, length);
    this.#input = this.#input.subarray(length);
    this.position += length;
    return part;
  }

  #partLength(): number | undefined {
    if (this.#expect === 'checksum') return CHECKSUM;
    return this.#expect === 'block' ? this.#blockLength() : this.#headerLength();
  }

  #blockLength(): number | undefined {
    const [a, b, c] = this.#input;
    if (a === undefined || b === undefined || c === undefined) return undefined;
    const type = (a >> 1) & 3;
    const size = (a >> 3) | (b << 5) | (c << 13);
    if (type === BLOCK_RESERVED) throw new Error('invalid zstd block type');
    if (size > BLOCK_MAX) throw new Error('zstd block too long');
    return BLOCK_HEADER + (type === BLOCK_RLE ? 1 : size);
  }

  #headerLength(): number | undefined {
    const { length } = this.#input;
    if (length < 5) return undefined;
    const view = this.#view;
    if (view.getUint32(0, true) !== MAGIC) throw new Error('not a zstd frame');
    const flags = view.getUint8(4);
    if (flags & 8) throw new Error('invalid zstd frame header');
    const single = (flags & 32) !== 0;
    const sizeBytes = CONTENT_SIZES[flags >> 6] || (single ? 1 : 0);
    const at = 5 + (single ? 0 : 1) + (DICTIONARY_SIZES[flags & 3] ?? 0);
    if (length < at + sizeBytes) return undefined;
    if (windowOf(view, single, at, sizeBytes) > WINDOW_MAX) {
      throw new Error('the zstd frame needs too much memory');
    }
    return at + sizeBytes;
  }
}

function windowOf(view: DataView, single: boolean, at: number, sizeBytes: number): number {
  if (!single) {
    const descriptor = view.getUint8(5);
    const base = 2 ** (10 + (descriptor >> 3));
    return base + (base / 8) * (descriptor & 7);
  }
  if (sizeBytes === 1) return view.getUint8(at);
  if (sizeBytes === 2) return view.getUint16(at, true) + 256;
  if (sizeBytes === 4) return view.getUint32(at, true);
  return Number(view.getBigUint64(at, true));
}
