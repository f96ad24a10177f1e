/** Drives the connection tracking core: one instance per test, time in seconds. */
import * as abi from '../../assembly/abi.ts';
import { startCore } from './core.ts';
import { hostImage } from './host-image.ts';
import { TCP_STATES } from './status.ts';
import { addressBytes, addressText } from './wire.ts';

interface Exports {
  allocate(bytes: number): number;
  attach(image: number): number;
  connSize(): number;
  arrive(l3: number, have: number, total: number, tsNanos: bigint, local: number): void;
  setZone(zone: number, dirs: number): void;
  track(): number;
  nat(manip: number, hook: number, target: number, args: number, iface: number): number;
  finish(): number;
  drop(): void;
  replied(): number;
  state(): number;
  direction(): number;
  conn(): number;
  connState(): number;
  connStatus(): number;
  connExpires(): bigint;
  describe(out: number): void;
  connDump(previous: number, now: bigint, out: number): number;
  preloadConnections(now: bigint, worker: number, workers: number): number;
  connectionsConfirmed(): number;
  connectionsPickedUp(): number;
  natChosen(): number;
  tableFull(): number;
}

export const STATES = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'];

export interface Range {
  readonly flags?: number;
  readonly min?: string;
  readonly max?: string;
  readonly minPort?: number;
  readonly maxPort?: number;
  readonly basePort?: number;
}

export const MAP_IPS = 1;
const PROTO_SPECIFIED = 2;
export const PROTO_RANDOM = 4;
export const PERSISTENT = 8;
export const PROTO_OFFSET = 32;

export interface Target extends Range {
  readonly kind: number;
}

export interface Options {
  readonly at?: number;
  readonly local?: boolean;
  readonly dnat?: Target;
  /** Or a function of the tuple as POSTROUTING sees it; null: the packet is not routed. */
  readonly snat?: Target | ((tuple: string) => Target | undefined | null);
  /** The packet is dropped by a filter: its connection is not confirmed. */
  readonly drop?: boolean;
  readonly zone?: number;
  readonly zoneDirs?: number;
  /** Captured bytes, when the capture cut the packet off. */
  readonly have?: number;
}

export interface Result {
  readonly state: string;
  readonly dir: 'original' | 'reply' | '-';
  readonly verdict: 'accept' | 'drop';
  /** src:sport>dst:dport as the packet leaves. */
  readonly tuple: string;
  readonly tcp: string;
  readonly status: number;
  /** Seconds to live. */
  readonly timeout: number;
}

export interface Entry {
  readonly proto: number;
  readonly original: string;
  readonly reply: string;
  readonly status: number;
  readonly state: number;
  readonly timeout: number;
  readonly mark: number;
}

export class Tracker {
  readonly core: Exports;
  readonly memory: WebAssembly.Memory;
  private readonly scratch: number;
  now = 1_700_000_000;

  private constructor(core: Exports, memory: WebAssembly.Memory) {
    this.core = core;
    this.memory = memory;
    this.scratch = core.allocate(1 << 17);
  }

  static async create(
    sysctls: Readonly<Record<number, number>> = {},
    known: readonly Uint8Array[] = [],
  ): Promise<Tracker> {
    const { core, memory } = await startCore<Exports>('core.entry.ts', hostImage(sysctls, known));
    return new Tracker(core, memory);
  }

  private bytes(): Uint8Array {
    return new Uint8Array(this.memory.buffer);
  }

  private nanos(): bigint {
    return BigInt(Math.round(this.now * 1e6)) * 1000n;
  }

  private target(target: Target | undefined): number {
    if (target === undefined) return 0;
    const at = this.scratch + 65536;
    const view = new DataView(this.memory.buffer, at, 48);
    const min = target.min;
    const range = new Uint8Array(32);
    if (min !== undefined) {
      range.set(addressBytes(min), 0);
      range.set(addressBytes(target.max ?? min), 16);
    }
    const ports = target.minPort !== undefined;
    const flags = (target.flags ?? 0) | (min === undefined ? 0 : MAP_IPS);
    view.setUint32(0, flags | (ports ? PROTO_SPECIFIED : 0), true);
    view.setUint16(4, target.minPort ?? 0, true);
    view.setUint16(6, target.maxPort ?? target.minPort ?? 0, true);
    view.setUint16(8, target.basePort ?? 0, true);
    this.bytes().set(range, at + 16);
    return at;
  }

  /** Makes the packet the one at hand, without tracking it. */
  load(packet: Uint8Array, options: Options = {}): void {
    if (options.at !== undefined) this.now = 1_700_000_000 + options.at;
    this.bytes().set(packet, this.scratch);
    const have = options.have ?? packet.length;
    this.core.arrive(this.scratch, have, packet.length, this.nanos(), options.local ? 1 : 0);
    if (options.zone !== undefined) this.core.setZone(options.zone, options.zoneDirs ?? 3);
  }

  /** One packet all the way: PREROUTING (or OUTPUT), POSTROUTING, confirm. */
  send(packet: Uint8Array, options: Options = {}): Result {
    const core = this.core;
    this.load(packet, options);
    let verdict = core.track();
    const state = STATES[core.state()] ?? '?';
    const hook = options.local ? abi.HOOK_OUTPUT : abi.HOOK_PREROUTING;
    const accept = abi.VERDICT_ACCEPT;
    if (verdict === accept) {
      verdict = core.nat(1, hook, options.dnat?.kind ?? 0, this.target(options.dnat), 1);
    }
    let routed = true;
    if (verdict === accept) {
      let snat = options.snat;
      if (typeof snat === 'function') {
        const answer = snat(this.tuple((packet[0] ?? 0) >> 4 === 4));
        routed = answer !== null;
        snat = answer ?? undefined;
      }
      if (!routed) verdict = abi.VERDICT_DROP;
      else verdict = core.nat(0, abi.HOOK_POSTROUTING, snat?.kind ?? 0, this.target(snat), 1);
    }
    if (verdict === accept && !options.drop) verdict = core.finish();
    const tracked = core.conn() !== 0;
    const result: Result = {
      state,
      dir: tracked ? (core.direction() === 0 ? 'original' : 'reply') : '-',
      verdict: verdict === accept && !options.drop ? 'accept' : 'drop',
      tuple: this.tuple((packet[0] ?? 0) >> 4 === 4),
      tcp: tracked ? (TCP_STATES[core.connState()] ?? '?') : '-',
      status: tracked ? core.connStatus() : 0,
      timeout: tracked ? Number((core.connExpires() - this.nanos()) / 1_000_000n) / 1000 : 0,
    };
    if (result.verdict === 'drop') core.drop();
    return result;
  }

  private tuple(v4: boolean): string {
    const at = this.scratch + 98304;
    this.core.describe(at);
    const view = new DataView(this.memory.buffer, at, 36);
    const copy = Uint8Array.from(this.bytes().subarray(at, at + 36));
    const src = addressText(copy.subarray(0, 16), v4);
    const dst = addressText(copy.subarray(16, 32), v4);
    return `${src}:${view.getUint16(32, true)}>${dst}:${view.getUint16(34, true)}`;
  }

  live(): number {
    return this.entries().length;
  }

  /** The live connections, as `conntrack -L` lists them. */
  entries(): Entry[] {
    const out = this.scratch + 114688;
    const entries: Entry[] = [];
    for (let at = this.core.connDump(0, this.nanos(), out); at !== 0; ) {
      const view = new DataView(this.memory.buffer, out, abi.KNOWN_CONN_SIZE);
      const bytes = Uint8Array.from(this.bytes().subarray(out, out + abi.KNOWN_CONN_SIZE));
      const v4 = bytes[15] === abi.FAMILY_V4;
      const text = (from: number): string => addressText(bytes.subarray(from, from + 16), v4);
      const port = (from: number): number => view.getUint16(from, true);
      entries.push({
        proto: bytes[14] ?? 0,
        original: `${text(64)}:${port(20)}>${text(80)}:${port(22)}`,
        reply: `${text(96)}:${port(24)}>${text(112)}:${port(26)}`,
        status: view.getUint32(0, true),
        mark: view.getUint32(4, true),
        timeout: view.getUint32(8, true),
        state: bytes[16] ?? 0,
      });
      at = this.core.connDump(at, this.nanos(), out);
    }
    return entries;
  }
}
