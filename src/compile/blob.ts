/** The blob: matches and targets, byte for byte as assembly/abi-rules.ts lays them out. */
import { Buffer } from 'node:buffer';
import { MATCH_HEADER_BYTES, TARGET_HEADER_BYTES } from '../../assembly/abi-rules.ts';
import { ByteWriter } from './lower/byte-writer.ts';
import type { LoweredMatch, LoweredTarget } from './lower/context.ts';

const ALIGNMENT = 8;

interface Span {
  readonly at: number;
  readonly length: number;
}

export class Blob {
  readonly #out = new ByteWriter();
  /** Where matches and targets that rules share were written first. */
  readonly #matches = new Map<LoweredMatch, Span>();
  readonly #targets = new Map<LoweredTarget, number>();
  /** Targets that are alike share their record. */
  readonly #known = new Map<string, number>();

  constructor() {
    this.#out.u32(0, 0);
  }

  /** Offset of a rule's matches, one behind the other. */
  matches(matches: readonly LoweredMatch[]): number {
    const at = this.#out.length;
    for (const match of matches) {
      const written = this.#matches.get(match);
      if (written === undefined) this.#matches.set(match, this.#match(match));
      else this.#out.again(written.at, written.length);
    }
    return at;
  }

  #match({ kind, dim, flags, payload }: LoweredMatch): Span {
    const at = this.#out.length;
    const length = align(MATCH_HEADER_BYTES + payload.length);
    this.#out.u16(kind).u8(dim).u8(flags).u32(length).raw(payload).align(ALIGNMENT);
    return { at, length };
  }

  target(target: LoweredTarget): number {
    const written = this.#targets.get(target);
    if (written !== undefined) return written;
    const { kind, payload } = target;
    const bytes = TARGET_HEADER_BYTES + payload.length;
    const out = new ByteWriter(align(bytes))
      .u16(kind, 0)
      .u32(align(bytes))
      .raw(payload)
      .align(ALIGNMENT);
    const at = this.#share(out.toUint8Array());
    this.#targets.set(target, at);
    return at;
  }

  /** The whole blob; `stateBytes` is the size of a worker's state. */
  finish(stateBytes: number): Uint8Array {
    this.#out.setU32(0, stateBytes);
    return this.#out.toUint8Array();
  }

  #share(bytes: Uint8Array): number {
    const { buffer, byteOffset, length } = bytes;
    const key = Buffer.from(buffer, byteOffset, length).toString('latin1');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const at = this.#out.length;
    this.#out.raw(bytes);
    this.#known.set(key, at);
    return at;
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
