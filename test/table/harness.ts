/** Compiles the table's core and drives it with packets made by hand. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { HOOK_FORWARD } from '../../assembly/abi.ts';
import { compile } from '../../src/compile/compile.ts';
import type { Compiled } from '../../src/compile/compiled.ts';
import { type Host, type HostOptions, readHost } from '../../src/host/index.ts';
import { addressBytes, parseAddress } from '../../src/ruleset/address.ts';
import type { Family } from '../../src/ruleset/values.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Exports {
  alloc(bytes: number): number;
  attach(image: number): number;
  packetBytes(): number;
  setAddresses(at: number, family: number, src: number, dst: number): void;
  setTransport(at: number, proto: number, sport: number, dport: number, flags: number): void;
  setIcmp(at: number, type: number, code: number): void;
  setPlace(at: number, hook: number, inId: number, out: number, pin: number, pout: number): void;
  setHeader(at: number, ttl: number, tos: number, length: number, fragOff: number): void;
  setState(at: number, ctState: number, mark: number, ts: bigint, frame: bigint): void;
  setBytes(at: number, l3: number, have: number, l4Off: number): void;
  evaluate(at: number, chain: number): number;
  evaluateMany(packets: number, count: number, chain: number, rounds: number): number;
  evaluateAhead(packets: number, count: number, chain: number, asked: number, out: number): number;
  decidedBy(at: number): number;
  markOf(at: number): number;
  hadSideEffects(at: number): number;
  hitCount(): number;
  hitList(): number;
  chainStructure(built: number, chain: number): number;
  volatileKey(at: number): number;
}

/** A packet as a test describes it; what is left out is that of a plain UDP packet. */
export interface TestPacket {
  readonly src: string;
  readonly dst: string;
  readonly proto?: number;
  readonly sport?: number;
  readonly dport?: number;
  readonly tcpFlags?: number;
  readonly icmp?: readonly [type: number, code: number];
  readonly in?: string;
  readonly out?: string;
  readonly physIn?: string;
  readonly physOut?: string;
  readonly ttl?: number;
  readonly tos?: number;
  readonly length?: number;
  readonly fragOff?: number;
  readonly ctState?: number;
  readonly mark?: number;
  readonly hook?: number;
  readonly timeMs?: number;
  /** Bytes from the IP header on; without them, 20 + 20 zeroes (a TCP header of 20 bytes). */
  readonly bytes?: Uint8Array;
  /** Bytes of transport header and payload that the packet has, when they are few. */
  readonly l4Len?: number;
}

export interface Walk {
  readonly verdict: number;
  /** Counter ids in the order in which they moved. */
  readonly hits: readonly number[];
  readonly decidedBy: number;
  readonly mark: number;
  readonly sideEffects: boolean;
}

let compiled: Promise<WebAssembly.Module> | undefined;

async function compileCore(): Promise<WebAssembly.Module> {
  const dir = mkdtempSync(join(tmpdir(), 'dockfw-table-'));
  try {
    const out = join(dir, 'core.wasm');
    const { error, stderr } = await asc.main([
      join(root, 'test/table/table.entry.ts'),
      ...['--config', join(dir, 'none.json'), '--runtime', 'stub', '--exportStart', 'start'],
      ...['--importMemory', '--sharedMemory', '--initialMemory', '16', '--maximumMemory', '65536'],
      ...['--enable', 'simd', '--enable', 'bulk-memory', '--enable', 'threads'],
      ...['-O3', '--noAssert', '--use', 'DEBUG=0', '--outFile', out],
    ]);
    if (error) throw new Error(`asc: ${stderr.toString()}`);
    return await WebAssembly.compile(readFileSync(out));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** A host with lo, eth0, eth1, docker0 and its ports veth1 and veth2. */
const ADDRESSES = JSON.stringify(
  [
    ['lo', '127.0.0.1', 8],
    ['eth0', '192.168.1.10', 24],
    ['eth1', '10.9.0.1', 16],
    ['docker0', '172.17.0.1', 16],
  ]
    .map(([ifname, local, prefixlen], i) => ({
      ifindex: i + 1,
      ifname,
      flags: ['UP'],
      mtu: 1500,
      link_type: ifname === 'lo' ? 'loopback' : 'ether',
      ...(ifname === 'docker0' ? { linkinfo: { info_kind: 'bridge' } } : {}),
      addr_info: [{ family: 'inet', local, prefixlen, scope: 'global' }],
    }))
    .concat(
      ['veth1', 'veth2'].map((ifname, i) => ({
        ifindex: 10 + i,
        ifname,
        flags: ['UP'],
        mtu: 1500,
        link_type: 'ether',
        master: 'docker0',
        addr_info: [],
      })) as never,
    ),
);

export async function hostWith(rules: string, more: HostOptions['files'] = {}): Promise<Host> {
  return readHost({
    files: { 'ip-addr.json': ADDRESSES, 'iptables-save.txt': rules, ...more },
  });
}

export class TableCore {
  readonly compiled: Compiled;
  readonly #core: Exports;
  readonly #memory: WebAssembly.Memory;
  readonly #built: number;
  readonly #scratch: number;

  private constructor(
    compiled: Compiled,
    core: Exports,
    memory: WebAssembly.Memory,
    built: number,
    scratch: number,
  ) {
    this.compiled = compiled;
    this.#core = core;
    this.#memory = memory;
    this.#built = built;
    this.#scratch = scratch;
  }

  /** Compiles the rules of an iptables-save text and builds their tables. */
  static async of(rules: string, more: HostOptions['files'] = {}): Promise<TableCore> {
    compiled ??= compileCore();
    const lowered = compile(await hostWith(rules, more));
    const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
    const abort = () => {
      throw new Error('the core aborted');
    };
    const instance = await WebAssembly.instantiate(await compiled, { env: { memory, abort } });
    const core = instance.exports as unknown as Exports & { start(): void };
    core.start();
    const at = core.alloc(lowered.image.length);
    new Uint8Array(memory.buffer).set(lowered.image, at);
    const built = core.attach(at);
    if (built === 0) throw new Error('the tables were not built');
    return new TableCore(lowered, core, memory, built, core.alloc(256));
  }

  /** Id of a chain; IPv4 unless said otherwise. */
  chain(table: string, name: string, family: Family = 4): number {
    const { counters } = this.compiled;
    const first = counters.findIndex((counter) => counter.number === null);
    const index = counters.findIndex(
      (counter, i) =>
        i >= first &&
        counter.table === table &&
        counter.chain === name &&
        counter.family === family,
    );
    if (index < 0) throw new Error(`no chain ${name}`);
    return index - first;
  }

  /** "chain number" or "chain policy" of a counter. */
  counterName(id: number): string {
    const counter = this.compiled.counters[id];
    return `${counter?.chain} ${counter?.number ?? 'policy'}`;
  }

  structure(chain: number): number {
    return this.#core.chainStructure(this.#built, chain);
  }

  memoryBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** Writes the packet into the core's memory; its address. */
  place(packet: TestPacket, at = this.#core.alloc(this.#core.packetBytes())): number {
    const core = this.#core;
    const family: Family = packet.src.includes(':') ? 6 : 4;
    const memory = new Uint8Array(this.#memory.buffer);
    memory.fill(0, at, at + core.packetBytes());
    for (const [i, text] of [packet.src, packet.dst].entries()) {
      memory.fill(0, this.#scratch + 16 * i, this.#scratch + 16 * i + 16);
      const address = parseAddress(text, family);
      if (address === null) throw new Error(`not an address: ${text}`);
      memory.set(addressBytes(address, family), this.#scratch + 16 * i);
    }
    core.setAddresses(at, family, this.#scratch, this.#scratch + 16);
    const { proto = 17, sport = 0, dport = 0, tcpFlags = 0, icmp = [0, 0] } = packet;
    core.setTransport(at, proto, sport, dport, tcpFlags);
    core.setIcmp(at, icmp[0], icmp[1]);
    const id = (name: string | undefined) =>
      name === undefined ? 0 : this.compiled.host.interfaces.findIndex((i) => i.name === name) + 1;
    const { physIn, physOut } = packet;
    const hook = packet.hook ?? HOOK_FORWARD;
    core.setPlace(at, hook, id(packet.in), id(packet.out), id(physIn), id(physOut));
    const { ttl = 64, tos = 0, length = packet.bytes?.length ?? 60, fragOff = 0 } = packet;
    core.setHeader(at, ttl, tos, length, fragOff);
    const ts = BigInt(packet.timeMs ?? 0) * 1_000_000n;
    core.setState(at, packet.ctState ?? 3, packet.mark ?? 0, ts, 1n);
    this.#setBytes(at, packet, family);
    return at;
  }

  #setBytes(at: number, packet: TestPacket, family: Family): void {
    const header = family === 4 ? 20 : 40;
    let bytes = packet.bytes;
    if (bytes === undefined) {
      bytes = new Uint8Array(header + (packet.l4Len ?? 40));
      bytes[0] = family === 4 ? 0x45 : 0x60;
      if (packet.proto === 6 && bytes.length > header + 12) bytes[header + 12] = 0x50;
    }
    const l3 = this.#core.alloc(bytes.length);
    new Uint8Array(this.#memory.buffer).set(bytes, l3);
    this.#core.setBytes(at, l3, bytes.length, packet.fragOff ? 0 : header);
  }

  /** Builds the tables once more. */
  rebuild(): void {
    const { image } = this.compiled;
    const at = this.#core.alloc(image.length);
    new Uint8Array(this.#memory.buffer).set(image, at);
    this.#core.attach(at);
  }

  walk(chain: number, packet: TestPacket): Walk {
    const at = this.place(packet);
    const verdict = this.#core.evaluate(at, chain);
    const count = this.#core.hitCount();
    const list = new Uint32Array(this.#memory.buffer, this.#core.hitList(), count * 2);
    return {
      verdict,
      hits: Array.from(list.filter((_, i) => i % 2 === 0)),
      decidedBy: this.#core.decidedBy(at),
      mark: this.#core.markOf(at) >>> 0,
      sideEffects: this.#core.hadSideEffects(at) !== 0,
    };
  }

  /**
   * Walks a chain with packet after packet, and asks trees ahead as the replay does. `known`: how
   * often the trees of `asked`, a chain that all walks come to first, had been asked already.
   */
  walkAhead(chain: number, asked: number, packets: readonly TestPacket[]) {
    const base = this.#placeAll(packets);
    const out = this.#core.alloc(packets.length * 8);
    const known = this.#core.evaluateAhead(base, packets.length, chain, asked, out);
    const words = new Uint32Array(this.#memory.buffer, out, packets.length * 2);
    const walks = packets.map((_, i) => ({
      verdict: words[i * 2] ?? 0,
      decidedBy: words[i * 2 + 1] ?? 0,
    }));
    return { known, walks };
  }

  #placeAll(packets: readonly TestPacket[]): number {
    const bytes = this.#core.packetBytes();
    const base = this.#core.alloc(bytes * packets.length);
    for (const [i, packet] of packets.entries()) this.place(packet, base + i * bytes);
    return base;
  }

  volatileKey(packet: TestPacket): number {
    return this.#core.volatileKey(this.place(packet)) >>> 0;
  }

  /** Nanoseconds per walk of a chain, over all packets in turn. */
  nanosPerWalk(chain: number, packets: readonly TestPacket[], rounds: number): number {
    const base = this.#placeAll(packets);
    const begin = process.hrtime.bigint();
    this.#core.evaluateMany(base, packets.length, chain, rounds);
    const nanos = Number(process.hrtime.bigint() - begin);
    return nanos / (packets.length * rounds);
  }
}
