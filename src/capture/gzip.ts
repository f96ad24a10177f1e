import * as zlib from 'node:zlib';
import { createInflateRaw, type InflateRaw } from 'node:zlib';
import { DamageError, type Decoder, type Reread } from './decoder.ts';
import { Inflater } from './inflate.ts';

const FHCRC = 2;
const FEXTRA = 4;
const FNAME = 8;
const FCOMMENT = 16;
const FIXED_HEADER = 10;
const TRAILER = 8;
/** Bytes of output per step. */
const STEP_BYTES = 32 * 1024;
const ENDINGS = ['end', 'error', 'close'] as const;

/**
 * gzip, any number of members (RFC 1952). The format around the deflated bytes is read here and not
 * by createGunzip(), which loses what it has decompressed when it meets a wrong checksum or garbage
 * behind the last member. What zlib itself loses, the start of the step in which it finds damage,
 * is read once more by an Inflater.
 */
export class GzipDecoder implements Decoder {
  #input: Uint8Array = new Uint8Array(0);
  #output: Uint8Array[] = [];
  #member: Member | undefined;
  #membersRead = 0;
  #isOver = false;
  #position = 0; // of #input in the file
  #memberStart = 0;
  readonly #reread: Reread;

  constructor(reread: Reread = () => undefined) {
    this.#reread = reread;
  }

  get rescued(): Uint8Array[] {
    const output = this.#output;
    this.#output = [];
    return output;
  }

  async push(piece: Uint8Array): Promise<Uint8Array[]> {
    this.#input = this.#input.length === 0 ? piece : Buffer.concat([this.#input, piece]);
    try {
      while (!this.#isOver && this.#input.length > 0 && (await this.#step()));
    } catch (error) {
      throw error instanceof DamageError ? error : new DamageError(error, this.#position);
    }
    return this.rescued;
  }

  async end(): Promise<Uint8Array[]> {
    if (this.#isOver) return [];
    if (this.#member || this.#input.length > 0) throw new Error('unexpected end of file');
    return [];
  }

  /** Makes some progress with the input; false when there is too little of it. */
  async #step(): Promise<boolean> {
    if (this.#member === undefined) return this.#openMember();
    if (!this.#member.isOver) {
      try {
        this.#advance(await this.#member.inflate(this.#input, this.#output));
      } catch (error) {
        throw (await this.#rescue(this.#member)) ?? error;
      }
      return true;
    }
    if (this.#input.length < TRAILER) return false;
    this.#member.verify(this.#input.subarray(0, TRAILER));
    this.#advance(TRAILER);
    this.#member = undefined;
    this.#membersRead++;
    return true;
  }

  #openMember(): boolean {
    const input = this.#input;
    if (input.length < 2) return false;
    if (input[0] !== 0x1f || input[1] !== 0x8b) {
      if (this.#membersRead === 0) throw new Error('incorrect header check');
      this.#isOver = true; // garbage or padding behind the last member is ignored, as gzip does
      return false;
    }
    const length = headerLength(input);
    if (length === undefined) return false;
    this.#advance(length);
    this.#memberStart = this.#position;
    this.#member = new Member();
    return true;
  }

  #advance(bytes: number): void {
    this.#input = this.#input.subarray(bytes);
    this.#position += bytes;
  }

  /**
   * Reads a damaged member again, up to the damage, and adds what zlib lost of it to the output.
   */
  async #rescue({ total }: Member): Promise<DamageError | undefined> {
    const inflater = new Inflater();
    let known = total;
    try {
      for await (const piece of this.#reread(this.#memberStart) ?? []) {
        inflater.push(piece);
        known = this.#addUnknown(inflater, known);
      }
      return undefined;
    } catch (error) {
      this.#addUnknown(inflater, known);
      return new DamageError(error, this.#memberStart + inflater.position);
    }
  }

  /**
   * Of the inflater's output the first `known` bytes are there already; returns what is left of it.
   */
  #addUnknown(inflater: Inflater, known: number): number {
    let left = known;
    for (const chunk of inflater.output.splice(0)) {
      if (chunk.length > left) this.#output.push(chunk.subarray(left));
      left = Math.max(0, left - chunk.length);
    }
    return left;
  }
}

/** Bytes of a member's header; undefined: not all there yet. */
function headerLength(input: Uint8Array): number | undefined {
  if (input.length < FIXED_HEADER) return undefined;
  const flags = input[3] ?? 0;
  if (input[2] !== 8 || flags & 0xe0) throw new Error('unknown compression method');
  let at = FIXED_HEADER;
  if (flags & FEXTRA) {
    if (input.length < at + 2) return undefined;
    at += 2 + (input[at] ?? 0) + 256 * (input[at + 1] ?? 0);
  }
  for (const flag of [FNAME, FCOMMENT]) {
    if (!(flags & flag)) continue;
    const zero = input.indexOf(0, at);
    if (zero < 0) return undefined;
    at = zero + 1;
  }
  if (flags & FHCRC) at += 2;
  return at <= input.length ? at : undefined;
}

/** The deflated bytes of one member. */
class Member {
  isOver = false;
  readonly #stream: InflateRaw = createInflateRaw({ chunkSize: STEP_BYTES });
  #error: Error | undefined;
  #crc = 0;
  /** Bytes inflated. */
  total = 0;
  #output: Uint8Array[] = [];

  constructor() {
    this.#stream.on('data', (chunk: Uint8Array) => {
      this.#crc = crc32(chunk, this.#crc);
      this.total += chunk.length;
      this.#output.push(chunk);
    });
    this.#stream.on('end', () => {
      this.isOver = true;
    });
    this.#stream.on('error', (error: Error) => {
      this.#error = error;
    });
  }

  /** Inflates `input`, or as much of it as belongs to the member; returns how much that is. */
  async inflate(input: Uint8Array, output: Uint8Array[]): Promise<number> {
    const before = this.#stream.bytesWritten;
    this.#output = output;
    await new Promise<void>((resolve) => {
      // the write is never called back when it ends the stream or finds it damaged
      const settle = (): void => {
        for (const event of ENDINGS) this.#stream.off(event, settle);
        resolve();
      };
      for (const event of ENDINGS) this.#stream.on(event, settle);
      this.#stream.write(input, settle);
    });
    if (this.#error) throw this.#error;
    return this.#stream.bytesWritten - before;
  }

  verify(trailer: Uint8Array): void {
    const view = new DataView(trailer.buffer, trailer.byteOffset, TRAILER);
    if (view.getUint32(0, true) !== this.#crc) throw new Error('incorrect data check');
    if (view.getUint32(4, true) !== this.total % 2 ** 32) throw new Error('incorrect length check');
  }
}

type Crc32 = (data: Uint8Array, crc: number) => number;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** node:zlib's, where this Node has it. */
const crc32: Crc32 =
  (Reflect.get(zlib, 'crc32') as Crc32 | undefined) ??
  ((data, crc) => {
    let c = ~crc;
    for (const byte of data) c = (TABLE[(c ^ byte) & 255] ?? 0) ^ (c >>> 8);
    return ~c >>> 0;
  });
