/** Ports that the kernel draws at random: guessed until the capture shows them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  compile,
  type PacketRecord,
  type ReplayResult,
  readHost,
  replay,
} from '../../src/index.ts';
import { type Bytes, be16, type Captured, icmp, ipv4, pcapng, udp } from '../wire/packets.ts';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const HOST = '192.168.1.10';
const SERVER = '8.8.8.8';
const INTERFACES = ['br-shop', 'eth0'].map((name) => ({ name, linkType: 101 }));
const UDP = 17;
const ICMP = 1;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'dockfw-guess-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

interface Frame {
  readonly on: 'br-shop' | 'eth0';
  readonly leaving?: boolean;
  readonly src: string;
  readonly dst: string;
  /** Of the source and the destination; for ICMP the echo id twice. */
  readonly ports: readonly [number, number];
  readonly echo?: 'request' | 'reply';
  readonly says: number;
}

function bytesOf({ src, dst, ports, echo, says }: Frame): Bytes {
  const payload = [...be16(says), 1, 2, 3, 4, 5, 6];
  const rest = [...be16(ports[0]), ...be16(says), ...payload];
  return echo === undefined
    ? ipv4({ src, dst, proto: UDP, id: says, payload: udp(...ports, payload) })
    : ipv4({ src, dst, proto: ICMP, id: says, payload: icmp(echo === 'request' ? 8 : 0, 0, rest) });
}

function captureOf(frames: readonly Frame[]): Uint8Array {
  const packets = frames.map(
    (frame, i): Captured => ({
      data: bytesOf(frame),
      time: BigInt(1_700_000_000_000_000 + i * 1000),
      iface: frame.on === 'eth0' ? 1 : 0,
      flags: frame.leaving ? 2 : 1,
    }),
  );
  return pcapng(INTERFACES, packets);
}

interface Answer {
  readonly packets: readonly PacketRecord[];
  readonly result: ReplayResult;
}

/** The replay with `target` in front of what Docker has POSTROUTING do. */
async function answer(target: string, frames: readonly Frame[], workers = 1): Promise<Answer> {
  const host = await readHost({
    dir: join(examples, 'shop.host'),
    rules: fileURLToPath(new URL(`data/${target}.rules`, import.meta.url)),
  });
  const packets: PacketRecord[] = [];
  const begin = () => {
    packets.length = 0;
  };
  const write = (records: readonly PacketRecord[]) => {
    packets.push(...records);
  };
  const options = { workers, packets: { begin, write } };
  const capture = join(dir, 'capture.pcapng');
  writeFileSync(capture, captureOf(frames));
  const result = await replay(compile(host), capture, options);
  return { packets, result };
}

const container = (n: number) => `172.18.0.${n}`;
const sent = (n: number, says: number): Frame => ({
  on: 'br-shop',
  src: container(n),
  dst: SERVER,
  ports: [5000, 53],
  says,
});
const left = (port: number, says: number): Frame => ({
  on: 'eth0',
  leaving: true,
  src: HOST,
  dst: SERVER,
  ports: [port, 53],
  says,
});
const answered = (port: number, says: number): Frame => ({
  on: 'eth0',
  src: SERVER,
  dst: HOST,
  ports: [53, port],
  says,
});

async function guessOf(n: number): Promise<number> {
  const { packets } = await answer('to-ports', [sent(n, 1)]);
  return packets[0]?.nat?.sport ?? 0;
}

test('a port of the range is taken over, and answers to it are the connection’s', async () => {
  const other = (await guessOf(2)) === 40003 ? 40004 : 40003;
  const { packets, result } = await answer('to-ports', [
    sent(2, 1),
    left(other, 1),
    answered(other, 2),
    sent(2, 3),
    left(other, 3),
  ]);
  expect(packets.map(({ differs }) => differs)).toEqual([false, false, false, false, false]);
  expect(packets[2]).toMatchObject({ ctstate: 'ESTABLISHED', nat: { dst: container(2) } });
  expect(packets[3]?.nat).toMatchObject({ src: HOST, sport: other });
  expect(result.nat).toMatchObject({ chosen: 1, adopted: 1 });
  expect(result.evidence).toMatchObject({ exact: 2, different: 0 });
});

test('a port that the rule does not allow is a difference', async () => {
  const { packets, result } = await answer('to-ports', [sent(2, 1), left(40010, 1)]);
  expect(packets[1]?.differs).toBe(true);
  expect(result.nat).toMatchObject({ chosen: 1, adopted: 0 });
});

test('two connections change places', async () => {
  const [a, b] = [await guessOf(2), await guessOf(3)];
  expect(a).not.toBe(b);
  const { packets, result } = await answer('to-ports', [
    sent(2, 1),
    sent(3, 2),
    left(b, 1),
    left(a, 2),
    answered(a, 3),
    answered(b, 4),
  ]);
  expect(packets.slice(4).map(({ nat }) => nat?.dst)).toEqual([container(3), container(2)]);
  expect(packets.some(({ differs }) => differs)).toBe(false);
  expect(result.nat.adopted).toBeGreaterThan(0);
});

test('packets that look alike leave in the order in which they came', async () => {
  const [a, b] = [await guessOf(2), await guessOf(3)];
  const free = [40000, 40001, 40002, 40003].filter((port) => port !== a && port !== b);
  const [first = 0, second = 0] = free;
  const { packets } = await answer('to-ports', [
    sent(2, 1),
    sent(3, 1),
    left(first, 1),
    left(second, 1),
    answered(first, 3),
    answered(second, 4),
  ]);
  expect(packets.slice(2, 4).map(({ of }) => of)).toEqual([1, 2]);
  expect(packets.slice(4).map(({ nat }) => nat?.dst)).toEqual([container(2), container(3)]);
});

test('an echo id', async () => {
  const echo = (frame: Frame, id: number, kind: 'request' | 'reply'): Frame => ({
    ...frame,
    ports: [id, id],
    echo: kind,
  });
  const { packets, result } = await answer('random', [
    echo(sent(2, 1), 77, 'request'),
    echo(left(0, 1), 4321, 'request'),
    echo(answered(0, 2), 4321, 'reply'),
  ]);
  expect(result.evidence).toMatchObject({ exact: 1, different: 0 });
  expect(packets[2]).toMatchObject({
    ctstate: 'ESTABLISHED',
    nat: { dst: container(2), sport: 77 },
  });
});

test('what the host sends is known as it was seen', async () => {
  const { packets, result } = await answer('random', [left(50000, 1), answered(50000, 2)]);
  expect(packets[1]).toMatchObject({ ctstate: 'ESTABLISHED', path: 'input', verdict: 'accept' });
  expect(result.nat).toMatchObject({ chosen: 1, adopted: 1 });
});

test.each(['to-ports', 'random'])('%s: the same for any number of workers', async (target) => {
  const ports = Array.from({ length: 40 }, (_, i) => ({ n: 2 + (i % 8), says: i + 1 }));
  const frames = ports.flatMap(({ n, says }): Frame[] => {
    const dst = `203.0.113.${says}`;
    const port = 40000 + (says % 10);
    return [
      { ...sent(n, says), dst },
      { ...left(port, says), dst },
      { ...answered(port, says + 100), src: dst },
    ];
  });
  const one = await answer(target, frames);
  for (const workers of [2, 4]) {
    expect((await answer(target, frames, workers)).packets).toEqual(one.packets);
  }
});
