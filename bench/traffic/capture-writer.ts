/** Writes captures of TCP segments and UDP datagrams over IPv4; all checksums are right. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { TCP, UDP } from './protocols.ts';

const ETHERNET = 14;
const IPV4 = 20;
const HEADER_LENGTH: Readonly<Record<number, number>> = { [TCP]: 20, [UDP]: 8 };
const TTL = 64;
const WINDOW = 64_000;
const BUFFER = 8 * 1024 * 1024;

export interface CapturedPacket {
  /** Which of the capture's interfaces it came in by. */
  readonly from: number;
  readonly src: number;
  readonly sport: number;
  readonly dst: number;
  readonly dport: number;
  readonly proto: number;
  /** TCP. */
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  /** Bytes behind the transport header, all zero. */
  readonly payload: number;
}

export interface CapturedInterface {
  readonly name: string;
  /** Ethernet header of what comes in by it. */
  readonly header: Uint8Array;
}

/** Bytes of a frame without payload. */
export function bareLength(proto: number): number {
  return ETHERNET + IPV4 + (HEADER_LENGTH[proto] ?? 0);
}

/** pcapng with the interface and direction of each packet, or pcap, which has no place for them. */
export class CaptureWriter {
  readonly #file: number;
  readonly #interfaces: readonly CapturedInterface[];
  readonly #isPcap: boolean;
  readonly #bytes = Buffer.alloc(BUFFER);
  #length = 0;
  #micros = 1_700_000_000_000_000;
  #id = 0;

  constructor(path: string, interfaces: readonly CapturedInterface[], format: 'pcap' | 'pcapng') {
    this.#file = openSync(path, 'w');
    this.#interfaces = interfaces;
    this.#isPcap = format === 'pcap';
    if (this.#isPcap) {
      this.#words(0xa1b2c3d4, 2 | (4 << 16), 0, 0, 65_535, 1);
      return;
    }
    this.#words(0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff, 28);
    for (const { name } of interfaces) this.#interface(name);
  }

  #words(...words: readonly number[]): void {
    for (const word of words) this.#length = this.#bytes.writeUInt32LE(word, this.#length);
  }

  #interface(name: string): void {
    const padded = Math.ceil(name.length / 4) * 4;
    const length = 20 + 4 + padded + 4;
    this.#words(1, length, 1, 0, 2 | (name.length << 16));
    this.#bytes.write(name, this.#length);
    this.#length += padded;
    this.#words(0, length);
  }

  packet(packet: CapturedPacket): void {
    const length = bareLength(packet.proto) + packet.payload;
    if (this.#length + length + 64 > BUFFER) this.#flush();
    this.#micros++;
    if (this.#isPcap) {
      this.#words(Math.floor(this.#micros / 1e6), this.#micros % 1e6, length, length);
      this.#frame(packet, length);
      return;
    }
    const padded = (length + 3) & ~3;
    const block = 44 + padded;
    const high = Math.floor(this.#micros / 0x1_0000_0000);
    const low = this.#micros % 0x1_0000_0000;
    this.#words(6, block, packet.from, high, low, length, length);
    this.#frame(packet, padded);
    this.#words(2 | (4 << 16), 1, 0, block); // epb_flags: inbound
  }

  #frame(packet: CapturedPacket, length: number): void {
    const at = this.#length;
    this.#bytes.fill(0, at, at + length);
    this.#bytes.set(this.#interfaces[packet.from]?.header ?? [], at);
    const l4 = at + ETHERNET + IPV4;
    const l4Length = (HEADER_LENGTH[packet.proto] ?? 0) + packet.payload;
    this.#ip(at + ETHERNET, packet, IPV4 + l4Length);
    const { src, dst, proto } = packet;
    const pseudo = halves(src) + halves(dst) + proto + l4Length;
    if (proto === TCP) this.#tcp(l4, packet, pseudo);
    else this.#udp(l4, packet, l4Length, pseudo);
    this.#length = at + length;
  }

  #ip(at: number, { src, dst, proto }: CapturedPacket, length: number): void {
    const bytes = this.#bytes;
    this.#id = (this.#id + 1) & 0xffff;
    bytes.writeUInt16BE(0x4500, at);
    bytes.writeUInt16BE(length, at + 2);
    bytes.writeUInt16BE(this.#id, at + 4);
    bytes.writeUInt16BE(0x4000, at + 6);
    bytes.writeUInt16BE((TTL << 8) | proto, at + 8);
    bytes.writeUInt32BE(src, at + 12);
    bytes.writeUInt32BE(dst, at + 16);
    const fixed = 0x4500 + 0x4000 + ((TTL << 8) | proto);
    const sum = fixed + length + this.#id + halves(src) + halves(dst);
    bytes.writeUInt16BE(complement(sum), at + 10);
  }

  #tcp(at: number, packet: CapturedPacket, pseudo: number): void {
    const { sport, dport, seq, ack, flags } = packet;
    const bytes = this.#bytes;
    bytes.writeUInt16BE(sport, at);
    bytes.writeUInt16BE(dport, at + 2);
    bytes.writeUInt32BE(seq, at + 4);
    bytes.writeUInt32BE(ack, at + 8);
    bytes.writeUInt16BE(0x5000 | flags, at + 12);
    bytes.writeUInt16BE(WINDOW, at + 14);
    const header = sport + dport + halves(seq) + halves(ack) + (0x5000 | flags) + WINDOW;
    bytes.writeUInt16BE(complement(pseudo + header), at + 16);
  }

  #udp(at: number, { sport, dport }: CapturedPacket, length: number, pseudo: number): void {
    const bytes = this.#bytes;
    bytes.writeUInt16BE(sport, at);
    bytes.writeUInt16BE(dport, at + 2);
    bytes.writeUInt16BE(length, at + 4);
    bytes.writeUInt16BE(complement(pseudo + sport + dport + length) || 0xffff, at + 6);
  }

  #flush(): void {
    writeSync(this.#file, this.#bytes, 0, this.#length);
    this.#length = 0;
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }
}

function halves(word: number): number {
  return (word >>> 16) + (word & 0xffff);
}

function complement(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return ~folded & 0xffff;
}
