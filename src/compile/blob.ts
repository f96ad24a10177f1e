/** The blob: matches and targets, byte for byte as assembly/abi-rules.ts lays them out. */
import { MATCH_HEADER_BYTES, TARGET_HEADER_BYTES } from '../../assembly/abi-rules.ts';
import { ByteWriter } from './lower/byte-writer.ts';
import type { LoweredMatch, LoweredTarget, MatchWriter } from './lower/context.ts';

const ALIGNMENT = 8;
const FIRST_BYTES = 65536;

interface Span {
  readonly at: number;
  readonly length: number;
  /** How many matches lie there. */
  readonly count: number;
}

export class Blob implements MatchWriter {
  readonly #out = new ByteWriter(FIRST_BYTES);
  /** Where the matches of nodes that rules share were written first. */
  readonly #matches = new Map<object, Span>();
  readonly #targets = new Map<object, number>();
  /** Targets that are alike share their record. */
  readonly #known = new Map<string, number>();

  constructor() {
    this.#out.u32(0, 0);
  }

  /** Where the next match is going to lie: those of a rule lie one behind the other. */
  get length(): number {
    return this.#out.length;
  }

  again(node: object): number {
    const written = this.#matches.get(node);
    if (written === undefined) return 0;
    this.#out.again(written.at, written.length);
    return written.count;
  }

  first(node: object, matches: readonly LoweredMatch[]): number {
    const at = this.#out.length;
    const count = this.add(matches);
    if (count > 0) this.#matches.set(node, { at, length: this.#out.length - at, count });
    return count;
  }

  add(matches: readonly LoweredMatch[]): number {
    const out = this.#out;
    for (const { kind, dim, flags, payload } of matches) {
      const length = align(MATCH_HEADER_BYTES + payload.length);
      out.u32(kind | (dim << 16) | (flags << 24), length); // u16, u8, u8, u32
      out.raw(payload).align(ALIGNMENT);
    }
    return matches.length;
  }

  /** Offset of the target of a node that was kept; 0: none was. */
  targetOf(node: object): number {
    return this.#targets.get(node) ?? 0;
  }

  keepTarget(node: object, target: LoweredTarget): number {
    const at = this.target(target);
    this.#targets.set(node, at);
    return at;
  }

  /** Offset of a target. */
  target({ kind, payload }: LoweredTarget): number {
    const out = this.#out;
    const at = out.length;
    const length = align(TARGET_HEADER_BYTES + payload.length);
    out.u32(kind, length).raw(payload).align(ALIGNMENT); // u16, u16, u32
    const record = out.text(at);
    const known = this.#known.get(record);
    if (known !== undefined) {
      out.cut(at);
      return known;
    }
    this.#known.set(record, at);
    return at;
  }

  /** The whole blob; `stateBytes` is the size of a worker's state. */
  finish(stateBytes: number): Uint8Array {
    this.#out.setU32(0, stateBytes);
    return this.#out.toUint8Array();
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
