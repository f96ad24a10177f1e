import { Buffer } from 'node:buffer';
import { SLOT_HEADROOM_BYTES } from '../../assembly/abi.ts';
import { CAPTURE_MAX_PACKET } from '../../assembly/abi-capture.ts';
import type { CaptureError } from '../errors.ts';
import { FrameNumbers } from './frame-numbers.ts';
import type { CaptureSource } from './source.ts';
import { type Packet, TimeWindow, WINDOW_BYTES } from './time-window.ts';

/**
 * Frames of a pcapng file in order of time. dumpcap reads several interfaces in turn, a burst from
 * each, so in its files a packet may leave the host before it arrived. Blocks other than packets
 * keep their place among the packets that stood before them.
 */

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
/** Blocks that are frames too: old and simple packets, journal entries, custom blocks. */
const OTHER_FRAMES: ReadonlySet<number> = new Set([2, 3, 9, 0xbad, 0x40000bad]);
const BLOCK_MIN = 12;
const PACKET_MIN = 32;
const PACKET_DATA = 28;
/** A packet in a longer block is refused by the reader. */
const BLOCK_MAX = SLOT_HEADROOM_BYTES;
const OPTION_END = 0;
const OPTION_NAME = 2;
const OPTION_TSRESOL = 9;
const OPTION_TSOFFSET = 14;
const NANOS = 1_000_000_000n;
const READ_BYTES = 1024 * 1024;

/** Bytes up to the next multiple of four. */
const padding = (length: number): number => (4 - (length % 4)) % 4;

interface Interface {
  readonly rank: number;
  readonly unitsPerSecond: bigint;
  readonly offsetSec: bigint;
}

/**
 * A source that yields the packets of `inner` in order of time, if it is a pcapng file; others it
 * hands out as they are.
 */
export class ReorderedSource implements CaptureSource {
  readonly name: string;
  readonly size: number | undefined;
  readonly frames = new FrameNumbers();
  readonly #inner: CaptureSource;
  #bytes = Buffer.alloc(0);
  #ended = false;
  #started = false;
  /**
   * Not pcapng, or corrupt: the rest is handed out as it is, for the reader behind us to report.
   */
  #passes = false;
  #little = true;
  #interfaces: Interface[] = [];
  readonly #rankOf: (name: string) => number;
  #nextFrame = 1;
  readonly #window = new TimeWindow();
  #out: Uint8Array[] = [];

  /** `rankOf` an interface name: packets of equal time are handed out by ascending rank. */
  constructor(inner: CaptureSource, rankOf: (name: string) => number = () => 0) {
    this.#inner = inner;
    this.#rankOf = rankOf;
    this.name = inner.name;
    this.size = inner.size;
  }

  get position(): number {
    return this.#inner.position;
  }

  get fault(): CaptureError | undefined {
    return this.#inner.fault;
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async read(into: Uint8Array): Promise<number> {
    while (this.#out.length === 0) {
      if (!(await this.#step())) return 0;
    }
    let filled = 0;
    let taken = 0;
    for (const chunk of this.#out) {
      const room = into.length - filled;
      if (room === 0) break;
      const part = chunk.length <= room ? chunk : chunk.subarray(0, room);
      into.set(part, filled);
      filled += part.length;
      if (part.length < chunk.length) {
        this.#out[taken] = chunk.subarray(part.length);
        break;
      }
      taken++;
    }
    this.#out.splice(0, taken);
    return filled;
  }

  /** Takes in some blocks or, at the end, hands out what is left. False when nothing is. */
  async #step(): Promise<boolean> {
    if (this.#ended) {
      if (this.#window.isEmpty && this.#bytes.length === 0) return false;
      return this.#pass(); // what is cut off, too: the reader says where
    }
    const fresh = Buffer.allocUnsafe(READ_BYTES);
    const n = await this.#inner.read(fresh);
    if (n === 0) this.#ended = true;
    const bytes =
      this.#bytes.length === 0
        ? fresh.subarray(0, n)
        : Buffer.concat([this.#bytes, fresh.subarray(0, n)]);
    this.#bytes = bytes.subarray(this.#passes ? 0 : this.#takeBlocks(bytes));
    return this.#passes ? this.#pass() : true;
  }

  #pass(): true {
    this.#hand(this.#window.takeAll());
    if (this.#bytes.length > 0) this.#out.push(this.#bytes);
    this.#bytes = Buffer.alloc(0);
    return true;
  }

  /** Takes the whole blocks at the start of `bytes`; returns how many bytes they are. */
  #takeBlocks(bytes: Buffer): number {
    let at = 0;
    while (at + 12 <= bytes.length) {
      const type = this.#u32(bytes, at);
      if (type === SECTION_HEADER) this.#little = bytes.readUInt32LE(at + 8) === 0x1a2b3c4d;
      const length = this.#u32(bytes, at + 4);
      const isOther = !this.#started && type !== SECTION_HEADER;
      if (isOther || length < BLOCK_MIN || length % 4 !== 0 || length > WINDOW_BYTES) {
        this.#passes = true;
        break;
      }
      this.#started = true;
      if (at + length > bytes.length) break;
      if (!this.#isSound(type, bytes.subarray(at, at + length))) {
        this.#passes = true;
        break;
      }
      this.#takeBlock(type, bytes.subarray(at, at + length));
      at += length;
    }
    return at;
  }

  /** Whether the reader behind us can go on after this block; if not, it stays where it is. */
  #isSound(type: number, block: Buffer): boolean {
    if (this.#u32(block, block.length - 4) !== block.length) return false;
    if (type !== ENHANCED_PACKET) return true;
    if (block.length < PACKET_MIN || block.length > BLOCK_MAX) return false;
    const captured = this.#u32(block, 20);
    if (captured > block.length - PACKET_MIN || captured > CAPTURE_MAX_PACKET) return false;
    if (!this.#areOptionsWhole(block, PACKET_DATA + captured + padding(captured))) return false;
    return this.#u32(block, 8) < this.#interfaces.length;
  }

  #areOptionsWhole(block: Buffer, from: number): boolean {
    const end = block.length - 4;
    for (let at = from; at + 4 <= end; ) {
      const length = this.#u16(block, at + 2);
      if (this.#u16(block, at) === OPTION_END) return true;
      if (at + 4 + length > end) return false;
      at += 4 + length + padding(length);
    }
    return true;
  }

  #takeBlock(type: number, block: Buffer): void {
    // one interface is read in order of time; where it is not, the order of the file counts
    if (type === ENHANCED_PACKET && this.#interfaces.length > 1) {
      const tsNanos = this.#time(block);
      const rank = this.#interfaces[this.#u32(block, 8)]?.rank ?? 0;
      this.#hand(this.#window.add({ tsNanos, rank, frame: this.#nextFrame++, block }));
      return;
    }
    if (type === SECTION_HEADER) this.#interfaces = [];
    this.#hand(this.#window.takeAll());
    if (type === INTERFACE_DESCRIPTION) this.#interfaces.push(this.#interface(block));
    if (type === ENHANCED_PACKET || OTHER_FRAMES.has(type)) this.frames.push(this.#nextFrame++);
    this.#out.push(block);
  }

  #hand(packets: readonly Packet[]): void {
    for (const { block, frame } of packets) {
      this.#out.push(block);
      this.frames.push(frame);
    }
  }

  #time(block: Buffer): bigint {
    const { unitsPerSecond, offsetSec } = this.#interfaces[this.#u32(block, 8)] ?? {
      unitsPerSecond: 1_000_000n,
      offsetSec: 0n,
    };
    const units = (BigInt(this.#u32(block, 12)) << 32n) | BigInt(this.#u32(block, 16));
    return (units * NANOS) / unitsPerSecond + offsetSec * NANOS;
  }

  #interface(block: Buffer): Interface {
    let unitsPerSecond = 1_000_000n;
    let offsetSec = 0n;
    let name = '';
    let at = 16;
    while (at + 4 <= block.length - 4) {
      const code = this.#u16(block, at);
      const length = this.#u16(block, at + 2);
      if (code === OPTION_END) break;
      if (code === OPTION_NAME) name = block.toString('utf8', at + 4, at + 4 + length);
      else if (code === OPTION_TSRESOL && length >= 1) {
        const value = block.readUInt8(at + 4);
        unitsPerSecond = value & 0x80 ? 1n << BigInt(value & 0x7f) : 10n ** BigInt(value);
      } else if (code === OPTION_TSOFFSET && length === 8) {
        offsetSec = this.#little ? block.readBigInt64LE(at + 4) : block.readBigInt64BE(at + 4);
      }
      at += 4 + length + padding(length);
    }
    return { unitsPerSecond, offsetSec, rank: this.#rankOf(name) };
  }

  #u32(bytes: Buffer, at: number): number {
    return this.#little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  }

  #u16(bytes: Buffer, at: number): number {
    return this.#little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
  }
}
