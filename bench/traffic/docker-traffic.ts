/**
 * A Docker host's traffic as pcapng: what came in by eth0 and docker0.
 *
 * `steady`: connections from outside to published ports: SYN, SYN+ACK and ACK of each first, then
 * data in both directions, 12 bytes a segment, connections in random order. `mixed`: the same with
 * segments of all sizes, and some connections busier than others. `new`: the SYN of another
 * connection each.
 */
import { bareLength, CaptureWriter } from './capture-writer.ts';
import { TCP } from './protocols.ts';
import { Random } from './random.ts';

export type TrafficKind = 'steady' | 'mixed' | 'new';

export interface DockerTraffic {
  readonly kind: TrafficKind;
  readonly packets: number;
  /** Of `steady` and `mixed`; those beyond a third of the packets are never opened. */
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

const FROM_OUTSIDE = 0;
const FROM_CONTAINER = 1;
const INTERFACES = [
  { name: 'eth0', header: Uint8Array.of(2, 0, 0xc0, 0xa8, 1, 10, 2, 0, 0xc0, 0xa8, 1, 1, 8, 0) },
  {
    name: 'docker0',
    header: Uint8Array.of(2, 0x42, 0xac, 17, 0, 1, 2, 0x42, 0xac, 17, 0, 2, 8, 0),
  },
];

/** Sizes of frames, and how many in a hundred there are of each: 485 bytes on average. */
export const MIXED_SIZES = [
  [64, 50],
  [200, 5],
  [576, 25],
  [1514, 20],
] as const;

/** Address and port of the container behind published port number `port`, counted from 0. */
export function containerOf(port: number): { address: string; port: number } {
  return {
    address: `172.17.0.${2 + (port % CONTAINERS)}`,
    port: 80 + Math.floor(port / CONTAINERS),
  };
}

/** A number below `count`, small ones more often than large ones. */
export function skewed(random: Random, count: number): number {
  return Math.floor(count * random.real() ** 3);
}

/** Writes the capture; the same options give the same bytes. */
export function writeDockerTraffic(path: string, options: DockerTraffic): void {
  const writer = new CaptureWriter(path, INTERFACES, 'pcapng');
  if (options.kind === 'new') writeScan(writer, options);
  else writeConversations(writer, options);
  writer.close();
}

/** What a segment says, whoever sends it. */
type Segment = readonly [seq: number, ack: number, flags: number, payload: number];

function toHost(n: number, ports: number, [seq, ack, flags, payload]: Segment) {
  return {
    from: FROM_OUTSIDE,
    src: FIRST_CLIENT + Math.floor(n / CLIENTS_PER_ADDRESS),
    sport: 1024 + (n % CLIENTS_PER_ADDRESS),
    dst: HOST,
    dport: FIRST_PORT + (n % ports),
    ...{ proto: TCP, seq, ack, flags, payload },
  };
}

function toClient(n: number, ports: number, [seq, ack, flags, payload]: Segment) {
  const port = n % ports;
  return {
    from: FROM_CONTAINER,
    src: FIRST_CONTAINER + (port % CONTAINERS),
    sport: 80 + Math.floor(port / CONTAINERS),
    dst: FIRST_CLIENT + Math.floor(n / CLIENTS_PER_ADDRESS),
    dport: 1024 + (n % CLIENTS_PER_ADDRESS),
    ...{ proto: TCP, seq, ack, flags, payload },
  };
}

function writeScan(writer: CaptureWriter, { packets, ports }: DockerTraffic): void {
  for (let n = 0; n < packets; n++) writer.packet(toHost(n, ports, [CLIENT_SEQ, 0, SYN, 0]));
}

function writeConversations(writer: CaptureWriter, options: DockerTraffic): void {
  const { kind, packets, connections, ports } = options;
  const opened = Math.min(connections, Math.floor(packets / 3));
  for (let n = 0; n < opened; n++) {
    writer.packet(toHost(n, ports, [CLIENT_SEQ, 0, SYN, 0]));
    writer.packet(toClient(n, ports, [SERVER_SEQ, CLIENT_SEQ + 1, SYN_ACK, 0]));
    writer.packet(toHost(n, ports, [CLIENT_SEQ + 1, SERVER_SEQ + 1, ACK, 0]));
  }
  /** Next sequence numbers, by connection. */
  const clientSeq = new Uint32Array(opened).fill(CLIENT_SEQ + 1);
  const serverSeq = new Uint32Array(opened).fill(SERVER_SEQ + 1);
  const random = new Random();
  const payload = () =>
    kind === 'mixed' ? random.weighted(MIXED_SIZES) - bareLength(TCP) : SEGMENT;
  for (let written = opened * 3; written + 1 < packets; written += 2) {
    const n = kind === 'mixed' ? skewed(random, opened) : random.between(0, opened - 1);
    const [client = 0, server = 0] = [clientSeq[n], serverSeq[n]];
    const [asked, answered] = [payload(), payload()];
    writer.packet(toHost(n, ports, [client, server, PSH_ACK, asked]));
    clientSeq[n] = client + asked; // modulo 2³², as the numbers are
    writer.packet(toClient(n, ports, [server, clientSeq[n] ?? 0, PSH_ACK, answered]));
    serverSeq[n] = server + answered;
  }
}
