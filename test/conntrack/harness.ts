/** Compiles and drives the connection tracking core: one instance per test, time in seconds. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import * as abi from '../../assembly/abi.ts';
import { TCP_STATES } from './status.ts';
import { addressBytes, addressText } from './wire.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

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

let compiled: Promise<WebAssembly.Module> | undefined;

async function compile(): Promise<WebAssembly.Module> {
  const dir = mkdtempSync(join(tmpdir(), 'dockfw-conntrack-'));
  try {
    const out = join(dir, 'core.wasm');
    const { error, stderr } = await asc.main([
      join(root, 'test/conntrack/core.entry.ts'),
      ...['--config', join(dir, 'none.json'), '--runtime', 'stub', '--exportStart', 'start'],
      ...['--importMemory', '--sharedMemory', '--initialMemory', '16', '--maximumMemory', '65536'],
      ...['--enable', 'simd', '--enable', 'bulk-memory', '--enable', 'threads'],
      ...['--use', 'DEBUG=1', '--outFile', out],
    ]);
    if (error) throw new Error(`asc: ${stderr.toString()}`);
    return await WebAssembly.compile(readFileSync(out));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

export const STATES = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'];

/** The kernel's defaults. */
const DEFAULTS: Readonly<Record<number, number>> = {
  [abi.SYSCTL_CT_CHECKSUM]: 1,
  [abi.SYSCTL_CT_GENERIC_TIMEOUT]: 600,
  [abi.SYSCTL_CT_ICMP_TIMEOUT]: 30,
  [abi.SYSCTL_CT_ICMPV6_TIMEOUT]: 30,
  [abi.SYSCTL_CT_UDP_TIMEOUT]: 30,
  [abi.SYSCTL_CT_UDP_TIMEOUT_STREAM]: 120,
  [abi.SYSCTL_CT_GRE_TIMEOUT]: 30,
  [abi.SYSCTL_CT_GRE_TIMEOUT_STREAM]: 180,
  [abi.SYSCTL_CT_TCP_LOOSE]: 1,
  [abi.SYSCTL_CT_TCP_MAX_RETRANS]: 3,
  [abi.SYSCTL_CT_TCP_TIMEOUT_SYN_SENT]: 120,
  [abi.SYSCTL_CT_TCP_TIMEOUT_SYN_RECV]: 60,
  [abi.SYSCTL_CT_TCP_TIMEOUT_ESTABLISHED]: 432000,
  [abi.SYSCTL_CT_TCP_TIMEOUT_FIN_WAIT]: 120,
  [abi.SYSCTL_CT_TCP_TIMEOUT_CLOSE_WAIT]: 60,
  [abi.SYSCTL_CT_TCP_TIMEOUT_LAST_ACK]: 30,
  [abi.SYSCTL_CT_TCP_TIMEOUT_TIME_WAIT]: 120,
  [abi.SYSCTL_CT_TCP_TIMEOUT_CLOSE]: 10,
  [abi.SYSCTL_CT_TCP_TIMEOUT_MAX_RETRANS]: 300,
  [abi.SYSCTL_CT_TCP_TIMEOUT_UNACKNOWLEDGED]: 300,
  [abi.SYSCTL_CT_SCTP_TIMEOUT_CLOSED]: 10,
  [abi.SYSCTL_CT_SCTP_TIMEOUT_COOKIE_WAIT]: 3,
  [abi.SYSCTL_CT_SCTP_TIMEOUT_COOKIE_ECHOED]: 3,
  [abi.SYSCTL_CT_SCTP_TIMEOUT_ESTABLISHED]: 210,
  [abi.SYSCTL_CT_SCTP_TIMEOUT_SHUTDOWN_SENT]: 3,
  [abi.SYSCTL_CT_SCTP_TIMEOUT_SHUTDOWN_RECD]: 3,
  [abi.SYSCTL_CT_SCTP_TIMEOUT_SHUTDOWN_ACK_SENT]: 3,
  [abi.SYSCTL_CT_SCTP_TIMEOUT_HEARTBEAT_SENT]: 30,
};

/** Interface 1, eth0, with 192.168.1.10/24 and 2001:db8::10/64. */
function image(
  sysctls: Readonly<Record<number, number>>,
  known: readonly Uint8Array[],
): Uint8Array {
  const head = abi.IMAGE_HEADER_WORDS * 4 + abi.SECTION_COUNT * 8;
  const at = (bytes: number): number => (bytes + 63) & ~63;
  const sysctlAt = at(head);
  const ifaceAt = at(sysctlAt + abi.SYSCTL_COUNT * 4);
  const addressAt = at(ifaceAt + abi.IFACE_SIZE);
  const knownAt = at(addressAt + 2 * abi.ADDRESS_SIZE);
  const bytes = new Uint8Array(knownAt + known.length * abi.KNOWN_CONN_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, abi.ABI_MAGIC, true);
  view.setUint32(4, abi.ABI_VERSION, true);
  view.setUint32(8, bytes.length, true);
  view.setUint32(12, abi.IMAGE_CONNTRACK, true);
  for (let i = 0; i < abi.SECTION_COUNT; i++) view.setUint32(16 + i * 8, knownAt, true);
  const section = (index: number, offset: number, count: number): void => {
    view.setUint32(16 + index * 8, offset, true);
    view.setUint32(20 + index * 8, count, true);
  };
  section(abi.SECTION_SYSCTL, sysctlAt, abi.SYSCTL_COUNT);
  section(abi.SECTION_IFACE, ifaceAt, 1);
  section(abi.SECTION_ADDRESS, addressAt, 2);
  section(abi.SECTION_CONNTRACK, knownAt, known.length);
  for (const [index, value] of Object.entries({ ...DEFAULTS, ...sysctls })) {
    view.setUint32(sysctlAt + Number(index) * 4, value, true);
  }
  view.setUint32(ifaceAt, 2, true);
  view.setUint16(ifaceAt + 4, abi.IFACE_UPLINK, true);
  view.setUint16(ifaceAt + 22, 0, true);
  view.setUint16(ifaceAt + 24, 2, true);
  const address = (offset: number, family: number, length: number, text: string): void => {
    view.setUint16(offset, 1, true);
    bytes[offset + 2] = family;
    bytes[offset + 3] = length;
    bytes.set(addressBytes(text), offset + 16);
  };
  address(addressAt, abi.FAMILY_V4, 24, '192.168.1.10');
  address(addressAt + abi.ADDRESS_SIZE, abi.FAMILY_V6, 64, '2001:db8::10');
  known.forEach((record, i) => {
    bytes.set(record, knownAt + i * abi.KNOWN_CONN_SIZE);
  });
  return bytes;
}

export interface Range {
  readonly flags?: number;
  readonly min?: string;
  readonly max?: string;
  readonly minPort?: number;
  readonly maxPort?: number;
  readonly basePort?: number;
}

export const MAP_IPS = 1;
export const PROTO_SPECIFIED = 2;
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
    compiled ??= compile();
    const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
    const instance = new WebAssembly.Instance(await compiled, {
      env: {
        memory,
        abort: (): never => {
          throw new Error('the core aborted');
        },
      },
    });
    const core = instance.exports as unknown as Exports & { start(): void };
    core.start();
    const tracker = new Tracker(core, memory);
    const bytes = image(sysctls, known);
    const at = core.allocate(bytes.length);
    tracker.bytes().set(bytes, at);
    if (!core.attach(at)) throw new Error('attach failed');
    return tracker;
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
