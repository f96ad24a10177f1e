/** One connection tracked both ways, the short one on a copy; see established.entry.ts. */
import { expect } from 'vitest';
import { startCore } from './core.ts';
import { hostImage } from './host-image.ts';

export interface Exports {
  allocate(bytes: number): number;
  attach(image: number): number;
  begin(status: number, state: number, expires: bigint, filler: number): void;
  setWindow(dir: number, end: number, maxEnd: number, maxWin: number, maxAck: number): void;
  setSide(dir: number, scale: number, flags: number): void;
  setLast(dir: number, seq: number, ack: number, end: number, win: number, retrans: number): void;
  setStream(from: bigint): void;
  segment(dir: number, l4: number, len: number, now: bigint): number;
  answer(l4: number, len: number, now: bigint): number;
  datagram(l4: number, len: number, now: bigint): number;
  describe(isShort: number, out: number): void;
}

// As established.entry.ts numbers and orders them.
const FINDINGS = ['left alone', 'equal', 'touched', 'different'] as const;
export const OF_WINDOW = ['end', 'maxEnd', 'maxWin', 'maxAck', 'scale', 'flags'] as const;
const OF_LAST = ['Index', 'Dir', 'Seq', 'Ack', 'End', 'Win', 'retrans'] as const;
const OF_CONN = ['state', 'status', 'expires', 'streamFrom'] as const;
const FIELDS = 2 * OF_WINDOW.length + OF_LAST.length + OF_CONN.length;

export type Finding = (typeof FINDINGS)[number];
export type Window = Record<(typeof OF_WINDOW)[number], number>;
export interface Connection {
  readonly windows: readonly [Window, Window];
  readonly last: Record<(typeof OF_LAST)[number], number>;
  readonly conn: Record<(typeof OF_CONN)[number], number>;
}

/** Fails with both connections where the two ways do not agree. */
export function expectAgreement(both: Both, finding: Finding | undefined, packet: unknown): void {
  if (finding === 'equal' || finding === 'left alone') return;
  expect({ packet, finding, ...both.connection('short') }).toEqual({
    packet,
    finding: 'equal',
    ...both.connection('long'),
  });
  expect.fail('they differ in a field that established.entry.ts does not describe');
}

export class Both {
  readonly #core: Exports;
  readonly #memory: WebAssembly.Memory;
  readonly #packet: number;
  readonly #fields: number;

  private constructor(core: Exports, memory: WebAssembly.Memory) {
    this.#core = core;
    this.#memory = memory;
    this.#packet = core.allocate(2048);
    this.#fields = core.allocate(FIELDS * 8);
  }

  static async start(sysctls: Readonly<Record<number, number>>): Promise<Both> {
    const { core, memory } = await startCore<Exports>('established.entry.ts', hostImage(sysctls));
    return new Both(core, memory);
  }

  get core(): Exports {
    return this.#core;
  }

  segment(dir: number, bytes: Uint8Array, now: bigint): Finding | undefined {
    new Uint8Array(this.#memory.buffer).set(bytes, this.#packet);
    return FINDINGS[this.#core.segment(dir, this.#packet, bytes.length, now)];
  }

  answer(bytes: Uint8Array, now: bigint): Finding | undefined {
    new Uint8Array(this.#memory.buffer).set(bytes, this.#packet);
    return FINDINGS[this.#core.answer(this.#packet, bytes.length, now)];
  }

  datagram(bytes: Uint8Array, now: bigint): Finding | undefined {
    new Uint8Array(this.#memory.buffer).set(bytes, this.#packet);
    return FINDINGS[this.#core.datagram(this.#packet, bytes.length, now)];
  }

  /** The connection after the short way, or after the long one. */
  connection(way: 'short' | 'long'): Connection {
    this.#core.describe(way === 'short' ? 1 : 0, this.#fields);
    const view = new DataView(this.#memory.buffer, this.#fields, FIELDS * 8);
    let at = 0;
    const take = <Name extends string>(names: readonly Name[]): Record<Name, number> => {
      const values = names.map((name) => [name, Number(view.getBigUint64(8 * at++, true))]);
      return Object.fromEntries(values) as Record<Name, number>;
    };
    return {
      windows: [take(OF_WINDOW), take(OF_WINDOW)],
      last: take(OF_LAST),
      conn: take(OF_CONN),
    };
  }
}
