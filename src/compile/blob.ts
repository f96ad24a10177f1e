/** The blob: matches and targets, byte for byte as assembly/abi-rules.ts lays them out. */
import { MATCH_HEADER_BYTES, TARGET_HEADER_BYTES } from '../../assembly/abi-rules.ts';
import { ByteWriter } from './lower/byte-writer.ts';
import type { LoweredMatch, LoweredTarget } from './lower/context.ts';

const ALIGNMENT = 8;

export class Blob {
  readonly #out = new ByteWriter();
  /** Targets that are alike share their record. */
  readonly #known = new Map<string, number>();

  constructor() {
    this.#out.u32(0, 0);
  }

  /** Offset of a rule's matches, one behind the other. */
  matches(matches: readonly LoweredMatch[]): number {
    const at = this.#out.length;
    for (const { kind, dim, flags, payload } of matches) {
      const bytes = MATCH_HEADER_BYTES + payload.length;
      this.#out.u16(kind).u8(dim).u8(flags).u32(align(bytes)).raw(payload).align(ALIGNMENT);
    }
    return at;
  }

  target({ kind, payload }: LoweredTarget): number {
    const bytes = TARGET_HEADER_BYTES + payload.length;
    const out = new ByteWriter().u16(kind, 0).u32(align(bytes)).raw(payload).align(ALIGNMENT);
    return this.#share(out.toUint8Array());
  }

  /** The whole blob; `stateBytes` is the size of a worker's state. */
  finish(stateBytes: number): Uint8Array {
    this.#out.setU32(0, stateBytes);
    return this.#out.toUint8Array();
  }

  #share(bytes: Uint8Array): number {
    const key = bytes.join();
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
