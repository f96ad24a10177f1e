/**
 * A Docker host's traffic as pcapng: what came in by eth0 and docker0.
 *
 * `steady`: connections from outside to published ports: SYN, SYN+ACK and ACK of each first, then data
 * in both directions, 12 bytes a segment, connections in random order. `new`: the SYN of another
 * connection each. IP and TCP checksums are right.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { Random } from './random.ts';

export type TrafficKind = 'steady' | 'new';

export interface DockerTraffic {
  readonly kind: TrafficKind;
  readonly packets: number;
  /** Of `steady`. */
  readonly connections: number;
  /** Published ports, FIRST_PORT and up. */
  readonly ports: number;
}

export const FIRST_PORT = 10000;
/** Containers per port number behind them. */
const CONTAINERS = 250;
const CLIENTS_PER_ADDRESS = 50000;
const FIRST_CLIENT = 0x14000000; // 20.0.0.0
const FIRST_CONTAINER = 0xac110002; // 172.17.0.2
const HOST = 0xc0a8010a; // 192.168.1.10

const SYN = 0x02;
const SYN_ACK = 0x12;
const ACK = 0x10;
const PSH_ACK = 0x18;
const SEGMENT = 12;
/** What connections start with, in either direction. */
const CLIENT_SEQ = 1000;
const SERVER_SEQ = 5000;

const FROM_OUTSIDE = 0; // eth0
const FROM_CONTAINER = 1; // docker0

/** Address and port of the container behind published port number `port`, counted from 0. */
export function containerOf(port: number): { address: string; port: number } {
  return {
    address: `172.17.0.${2 + (port % CONTAINERS)}`,
    port: 80 + Math.floor(port / CONTAINERS),
  };
}

/** Packet blocks, collected and written some megabytes at a time. */
class CaptureWriter {
  readonly #file: number;
  readonly #bytes = Buffer.alloc(8 * 1024 * 1024);
  #length = 0;
  #micros = 1_700_000_000_000_000n;
  #id = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'w');
    this.#words(0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff, 28);
    this.#interface('eth0');
    this.#interface('docker0');
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

  packet(
    from: number,
    src: number,
    sport: number,
    dst: number,
    dport: number,
    seq: number,
    ack: number,
    flags: number,
    payload: number,
  ): void {
    const frameLength = 54 + payload;
    const padded = (frameLength + 3) & ~3;
    const blockLength = 44 + padded;
    if (this.#length + blockLength > this.#bytes.length) this.#flush();
    this.#micros++;
    const high = Number(this.#micros >> 32n);
    const low = Number(this.#micros & 0xffffffffn);
    this.#words(6, blockLength, from, high, low, frameLength, frameLength);
    const at = this.#length;
    this.#bytes.fill(0, at, at + padded);
    this.#bytes.set(MACS[from] ?? [], at);
    this.#ip(at + 14, src, dst, 40 + payload);
    this.#tcp(at + 34, src, dst, sport, dport, seq, ack, flags, payload);
    this.#length = at + padded;
    this.#words(2 | (4 << 16), 1, 0, blockLength); // epb_flags: inbound
  }

  #ip(at: number, src: number, dst: number, length: number): void {
    const bytes = this.#bytes;
    this.#id = (this.#id + 1) & 0xffff;
    bytes.writeUInt16BE(0x4500, at);
    bytes.writeUInt16BE(length, at + 2);
    bytes.writeUInt16BE(this.#id, at + 4);
    bytes.writeUInt16BE(0x4000, at + 6);
    bytes.writeUInt16BE(0x4006, at + 8); // TTL 64, TCP
    bytes.writeUInt32BE(src, at + 12);
    bytes.writeUInt32BE(dst, at + 16);
    const sum = 0x4500 + length + this.#id + 0x4000 + 0x4006 + halves(src) + halves(dst);
    bytes.writeUInt16BE(complement(sum), at + 10);
  }

  #tcp(
    at: number,
    src: number,
    dst: number,
    sport: number,
    dport: number,
    seq: number,
    ack: number,
    flags: number,
    payload: number,
  ): void {
    const bytes = this.#bytes;
    bytes.writeUInt16BE(sport, at);
    bytes.writeUInt16BE(dport, at + 2);
    bytes.writeUInt32BE(seq, at + 4);
    bytes.writeUInt32BE(ack, at + 8);
    bytes.writeUInt16BE(0x5000 | flags, at + 12);
    bytes.writeUInt16BE(64000, at + 14);
    const pseudo = halves(src) + halves(dst) + 6 + 20 + payload;
    const header = sport + dport + halves(seq) + halves(ack) + (0x5000 | flags) + 64000;
    bytes.writeUInt16BE(complement(pseudo + header), at + 16); // the payload is zeros
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

/** Destination, source and type of frames by the interface they come in by. */
const MACS: readonly Uint8Array[] = [
  Uint8Array.of(2, 0, 0xc0, 0xa8, 1, 10, 2, 0, 0xc0, 0xa8, 1, 1, 8, 0),
  Uint8Array.of(2, 0x42, 0xac, 17, 0, 1, 2, 0x42, 0xac, 17, 0, 2, 8, 0),
];

function halves(word: number): number {
  return (word >>> 16) + (word & 0xffff);
}

function complement(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return ~folded & 0xffff;
}

/** Writes the capture; the same options give the same bytes. */
export function writeDockerTraffic(path: string, options: DockerTraffic): void {
  const writer = new CaptureWriter(path);
  if (options.kind === 'new') writeScan(writer, options);
  else writeConversations(writer, options);
  writer.close();
}

const clientAddress = (n: number): number => FIRST_CLIENT + Math.floor(n / CLIENTS_PER_ADDRESS);
const clientPort = (n: number): number => 1024 + (n % CLIENTS_PER_ADDRESS);

function writeScan(writer: CaptureWriter, { packets, ports }: DockerTraffic): void {
  for (let n = 0; n < packets; n++) {
    const dport = FIRST_PORT + (n % ports);
    writer.packet(
      FROM_OUTSIDE,
      clientAddress(n),
      clientPort(n),
      HOST,
      dport,
      CLIENT_SEQ,
      0,
      SYN,
      0,
    );
  }
}

function writeConversations(writer: CaptureWriter, options: DockerTraffic): void {
  const { packets, connections, ports } = options;
  /** Next sequence numbers, by connection; 0: not opened. */
  const clientSeq = new Uint32Array(connections);
  const serverSeq = new Uint32Array(connections);
  const toHost = (n: number, seq: number, ack: number, flags: number, payload: number): void =>
    writer.packet(
      FROM_OUTSIDE,
      clientAddress(n),
      clientPort(n),
      HOST,
      FIRST_PORT + (n % ports),
      seq,
      ack,
      flags,
      payload,
    );
  const toClient = (n: number, seq: number, ack: number, flags: number, payload: number): void => {
    const port = n % ports;
    const address = FIRST_CONTAINER + (port % CONTAINERS);
    const sport = 80 + Math.floor(port / CONTAINERS);
    const [dst, dport] = [clientAddress(n), clientPort(n)];
    writer.packet(FROM_CONTAINER, address, sport, dst, dport, seq, ack, flags, payload);
  };
  let written = 0;
  for (let n = 0; n < connections && written + 3 <= packets; n++, written += 3) {
    toHost(n, CLIENT_SEQ, 0, SYN, 0);
    toClient(n, SERVER_SEQ, CLIENT_SEQ + 1, SYN_ACK, 0);
    toHost(n, CLIENT_SEQ + 1, SERVER_SEQ + 1, ACK, 0);
    clientSeq[n] = CLIENT_SEQ + 1;
    serverSeq[n] = SERVER_SEQ + 1;
  }
  const random = new Random();
  while (written + 1 < packets) {
    const n = random.word() % connections;
    const [cs, ss] = [clientSeq[n] ?? 0, serverSeq[n] ?? 0];
    if (cs === 0) continue;
    toHost(n, cs, ss, PSH_ACK, SEGMENT);
    toClient(n, ss, cs + SEGMENT, PSH_ACK, SEGMENT);
    clientSeq[n] = cs + SEGMENT;
    serverSeq[n] = ss + SEGMENT;
    written += 2;
  }
}
