/** Compiles and drives the front alone: bytes in, decoded frames out. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import * as abi from '../../assembly/abi.ts';
import { FACT_COUNT } from '../../assembly/abi-capture.ts';
import { addressBytes, buildImage, type HostSpec } from './image.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Exports {
  alloc(bytes: number): number;
  attach(image: number): number;
  attachWire(image: number, state: number, workers: number): number;
  createCaptureState(workers: number): number;
  createSlot(withResults: number): number;
  setAt(state: number, iface: number, direction: number): void;
  addCaptureNatRange(state: number, family: number, min: number, max: number): number;
  front(slot: number): number;
  carryTail(from: number, to: number): void;
  finishFragments(): number;
  captureFact(state: number, fact: number): bigint;
  portOf(bridge: number, mac: bigint): number;
  handleOf(family: number, ptr: number): number;
  ownerOfTuple(
    family: number,
    proto: number,
    src: number,
    dst: number,
    sport: number,
    dport: number,
  ): number;
  checksumOk(
    family: number,
    proto: number,
    l3: number,
    l4Off: number,
    l4Cap: number,
    l4Len: number,
  ): number;
}

export async function compileFront(...flags: string[]): Promise<WebAssembly.Module> {
  const dir = mkdtempSync(join(tmpdir(), 'dockfw-wire-'));
  try {
    const out = join(dir, 'wire.wasm');
    const { error, stderr } = await asc.main([
      join(root, 'test/wire/wire.entry.ts'),
      ...['--config', join(dir, 'none.json'), '--runtime', 'stub', '--exportStart', 'start'],
      ...['--importMemory', '--sharedMemory', '--initialMemory', '16', '--maximumMemory', '65536'],
      ...['--enable', 'simd', '--enable', 'bulk-memory', '--enable', 'threads'],
      ...(flags.length > 0 ? flags : ['--use', 'DEBUG=1', '-O1']),
      ...['--outFile', out],
    ]);
    if (error) throw new Error(`asc: ${stderr.toString()}`);
    return await WebAssembly.compile(readFileSync(out));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** A FrameRecord; addresses as text, "" when the frame is not IP. */
export interface Frame {
  readonly number: number;
  readonly tsNanos: bigint;
  readonly frameLen: number;
  readonly ipLen: number;
  readonly capLen: number;
  readonly hasL3: boolean;
  readonly hasL2: boolean;
  readonly family: number;
  readonly src: string;
  readonly dst: string;
  readonly proto: number;
  readonly sport: number;
  readonly dport: number;
  readonly l4Off: number;
  readonly fragOff: number;
  readonly ttl: number;
  readonly tos: number;
  readonly tcpFlags: number;
  readonly icmp: number;
  readonly iface: number;
  readonly direction: number;
  readonly plain: boolean;
  readonly pktType: number;
  readonly owner: number;
  readonly flags: number;
  readonly fault: number;
  readonly need: number;
  readonly have: number;
  /** The packet from l3 on, as far as captured. */
  readonly bytes: Uint8Array;
}

export interface Decoded {
  readonly frames: Frame[];
  readonly status: number;
  readonly faultOffset: number;
  readonly need: number;
  readonly have: number;
  readonly facts: bigint[];
  /** Datagrams that never became whole. */
  readonly unfinished: number;
  readonly core: Exports;
}

export interface DecodeOptions {
  /** Bytes per slot; default: as many as fit. */
  readonly chunk?: number;
  readonly workers?: number;
  readonly at?: readonly [iface: number, direction: number];
  /** Ranges that NAT rules name: family, first and last address. */
  readonly natRanges?: readonly (readonly [family: number, first: string, last: string])[];
}

const SLOT_DATA = 0;
const SLOT_DATA_START = 4;
const SLOT_DATA_END = 8;
const SLOT_FRAMES = 12;
const SLOT_FRAME_COUNT = 24;
const SLOT_LAST = 28;
const SLOT_FIRST_FRAME = 32;
const SLOT_FILE_OFFSET = 40;
const SLOT_STATUS = 48;
const SLOT_NEED = 52;
const SLOT_HAVE = 56;
const SLOT_CONSUMED = 60;
const SLOT_FAULT_OFFSET = 64;
const SLOT_OWNERS = 72;

/** An instance with a host attached, for one capture. */
export class Front {
  readonly core: Exports;
  readonly state: number;
  readonly #memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
  readonly #slots: number[];

  constructor(module: WebAssembly.Module, host: HostSpec, options: DecodeOptions = {}) {
    const text = new TextDecoder();
    const instance = new WebAssembly.Instance(module, {
      env: {
        memory: this.#memory,
        abort: (): never => {
          throw new Error('the core aborted');
        },
        resolveInterface: (ptr: number, length: number): number => {
          const name = text.decode(this.bytes(ptr, length).slice());
          return host.interfaces.findIndex((i) => i.name === name) + 1;
        },
        resolveIfindex: (ifindex: number): number =>
          host.interfaces.findIndex((i) => i.ifindex === ifindex) + 1,
      },
    });
    this.core = instance.exports as unknown as Exports;
    (instance.exports.start as () => void)();
    const image = this.put(buildImage(host));
    const workers = options.workers ?? 1;
    this.state = this.core.createCaptureState(workers);
    if (options.at) this.core.setAt(this.state, ...options.at);
    for (const [family, first, last] of options.natRanges ?? []) {
      const min = this.put(addressBytes(first));
      const max = this.put(addressBytes(last));
      this.core.addCaptureNatRange(this.state, family, min, max);
    }
    if (!this.core.attach(image) || !this.core.attachWire(image, this.state, workers)) {
      throw new Error('the core refused the image');
    }
    this.#slots = [this.core.createSlot(0), this.core.createSlot(0)];
  }

  bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, at, length);
  }

  get view(): DataView {
    return new DataView(this.#memory.buffer);
  }

  /** Copies bytes into the core; their address. */
  put(bytes: Uint8Array): number {
    const at = this.core.alloc(Math.max(bytes.length, 1));
    this.bytes(at, bytes.length).set(bytes);
    return at;
  }

  /** Decodes a whole capture, `chunk` bytes at a time. */
  decode(capture: Uint8Array, chunk: number = abi.SLOT_DATA_BYTES): Decoded {
    const frames: Frame[] = [];
    let previous = 0;
    let offset = 0;
    let status = 0;
    let slot = 0;
    for (let n = 0; status === 0; n++) {
      slot = this.#slots[n % 2] ?? 0;
      const part = capture.subarray(offset, offset + chunk);
      const view = this.view;
      const data = view.getUint32(slot + SLOT_DATA, true);
      this.bytes(data, part.length).set(part);
      view.setUint32(slot + SLOT_DATA_START, data, true);
      view.setUint32(slot + SLOT_DATA_END, data + part.length, true);
      view.setBigUint64(slot + SLOT_FILE_OFFSET, BigInt(offset), true);
      offset += part.length;
      const last = offset === capture.length;
      view.setUint32(slot + SLOT_LAST, last ? 1 : 0, true);
      if (previous !== 0) this.core.carryTail(previous, slot);
      status = this.core.front(slot);
      frames.push(...this.#frames(slot));
      previous = slot;
      if (last) break;
    }
    const view = this.view;
    return {
      frames,
      status: view.getUint32(slot + SLOT_STATUS, true),
      need: view.getUint32(slot + SLOT_NEED, true),
      have: view.getUint32(slot + SLOT_HAVE, true),
      faultOffset: status === 0 ? -1 : Number(view.getBigUint64(slot + SLOT_FAULT_OFFSET, true)),
      unfinished: this.core.finishFragments(),
      facts: Array.from({ length: FACT_COUNT }, (_, fact) =>
        BigInt.asUintN(64, this.core.captureFact(this.state, fact)),
      ),
      core: this.core,
    };
  }

  /** Bytes that the last slot left undecoded. */
  undecoded(): number {
    return Math.max(...this.#slots.map((slot) => this.#undecoded(slot)));
  }

  #undecoded(slot: number): number {
    const view = this.view;
    const start = view.getUint32(slot + SLOT_DATA_START, true);
    const end = view.getUint32(slot + SLOT_DATA_END, true);
    return end - start - view.getUint32(slot + SLOT_CONSUMED, true);
  }

  #frames(slot: number): Frame[] {
    const view = this.view;
    const count = view.getUint32(slot + SLOT_FRAME_COUNT, true);
    const first = Number(view.getBigUint64(slot + SLOT_FIRST_FRAME, true));
    const base = view.getUint32(slot + SLOT_FRAMES, true);
    const owners = view.getUint32(slot + SLOT_OWNERS, true);
    return Array.from({ length: count }, (_, i) =>
      this.#frame(view, base + i * abi.FRAME_RECORD_SIZE, first + i, view.getUint8(owners + i)),
    );
  }

  #frame(view: DataView, at: number, number: number, owner: number): Frame {
    const l3 = view.getUint32(at + 12, true);
    const family = view.getUint8(at + 46);
    const capLen = view.getUint32(at + 16, true);
    const isWhole = family !== 0 && capLen >= (family === abi.FAMILY_V4 ? 20 : 40);
    const addresses =
      family === abi.FAMILY_V4
        ? [v4Text(view.getUint32(at + 28, true)), v4Text(view.getUint32(at + 32, true))]
        : [v6Text(view, l3 + 8), v6Text(view, l3 + 24)];
    return {
      number,
      tsNanos: view.getBigUint64(at, true),
      hasL2: view.getUint32(at + 8, true) !== 0,
      hasL3: l3 !== 0,
      capLen,
      frameLen: view.getUint32(at + 20, true),
      ipLen: view.getUint32(at + 24, true),
      src: isWhole ? (addresses[0] ?? '') : '',
      dst: isWhole ? (addresses[1] ?? '') : '',
      sport: view.getUint16(at + 36, true),
      dport: view.getUint16(at + 38, true),
      l4Off: view.getUint16(at + 40, true),
      iface: view.getUint16(at + 42, true),
      fragOff: view.getUint16(at + 44, true),
      family,
      proto: view.getUint8(at + 47),
      ttl: view.getUint8(at + 48),
      tos: view.getUint8(at + 49),
      tcpFlags: view.getUint8(at + 50),
      pktType: view.getUint8(at + 51),
      direction: view.getUint8(at + 52),
      plain: view.getUint8(at + 53) !== 0,
      owner,
      flags: view.getUint16(at + 54, true),
      fault: view.getUint8(at + 56),
      icmp: view.getUint8(at + 57),
      need: view.getUint16(at + 58, true),
      have: view.getUint16(at + 60, true),
      bytes: l3 === 0 ? new Uint8Array() : this.bytes(l3, capLen).slice(),
    };
  }
}

function v4Text(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** RFC 5952, as tshark prints it. */
function v6Text(view: DataView, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(at + i * 2).toString(16));
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  if (best.length < 2) return groups.join(':');
  const head = groups.slice(0, best.start).join(':');
  const tail = groups.slice(best.start + best.length).join(':');
  return `${head}::${tail}`;
}

/** Decodes a capture on a host of its own. */
export function decode(
  module: WebAssembly.Module,
  host: HostSpec,
  capture: Uint8Array,
  options: DecodeOptions = {},
): Decoded {
  return new Front(module, host, options).decode(capture, options.chunk);
}
