import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SLOT_DATA_BYTES, SLOT_HEADROOM_BYTES } from '../../assembly/abi.ts';
import {
  type Compiled,
  compile,
  countersText,
  type PacketRecord,
  type ReplayOptions,
  type ReplayResult,
  readHost,
  replay,
  Threads,
  UsageError,
} from '../../src/index.ts';
import { block, ethernet, ipv4, packetBlock, pcapng, udp } from '../wire/packets.ts';

const INTERFACE_BLOCK = 1;
const UNKNOWN_BLOCK = 0x80000001;

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const shop = join(examples, 'shop.pcap');
let compiled: Compiled;
let dir: string;

beforeAll(async () => {
  compiled = compile(await readHost(join(examples, 'shop.host')));
  dir = mkdtempSync(join(tmpdir(), 'dockfw-replay-'));
});

afterAll(() => rmSync(dir, { recursive: true }));

interface Answer {
  readonly result: Omit<ReplayResult, 'speed'>;
  readonly counters: string;
  readonly packets: readonly PacketRecord[];
}

/** All that a replay says, but for how fast it was and what the capture is called. */
async function answer(
  capture: Parameters<typeof replay>[1],
  options: ReplayOptions = {},
  rules = compiled,
): Promise<Answer> {
  const packets: PacketRecord[] = [];
  const begin = () => {
    packets.length = 0;
  };
  const write = (records: readonly PacketRecord[]) => {
    packets.push(...records);
  };
  const result = await replay(rules, capture, { ...options, packets: { begin, write } });
  const { speed, capture: facts, ...rest } = result;
  const counters = countersText(rules, result, 4);
  return { result: { ...rest, capture: { ...facts, name: '' } }, counters, packets };
}

describe('the same answer', () => {
  let expected: Answer;
  beforeAll(async () => {
    expected = await answer(shop, { workers: 1 });
  });

  test('has something to say', () => {
    expect(expected.packets).toHaveLength(4138);
    expect(expected.result.evidence.exact).toBeGreaterThan(1000);
  });

  test.each([2, 3, 4])('from %d workers', async (workers) => {
    expect(await answer(shop, { workers })).toEqual(expected);
  });

  test('from a stream', async () => {
    expect(await answer(createReadStream(shop, { highWaterMark: 1000 }))).toEqual(expected);
  });

  test('from a compressed file', async () => {
    const path = join(dir, 'shop.pcap.gz');
    writeFileSync(path, gzipSync(readFileSync(shop)));
    expect(await answer(path, { workers: 2 })).toEqual(expected);
  });

  test('from several replays at once', async () => {
    const answers = await Promise.all([1, 2, 2].map((workers) => answer(shop, { workers })));
    for (const one of answers) expect(one).toEqual(expected);
  });

  test('without records', async () => {
    const result = await replay(compiled, shop);
    expect(countersText(compiled, result, 4)).toBe(expected.counters);
  });
});

describe('several slots', () => {
  let long: string;
  const COPIES = 8;

  beforeAll(() => {
    const bytes = readFileSync(shop);
    long = join(dir, 'long.pcap');
    writeFileSync(
      long,
      Buffer.concat([bytes, ...Array.from({ length: COPIES - 1 }, () => bytes.subarray(24))]),
    );
  });

  test.each([1, 2, 4])('all frames are there once, in order, with %d workers', async (workers) => {
    const { packets, result } = await answer(long, { workers });
    expect(packets.map(({ frame }) => frame)).toEqual(
      Array.from({ length: 4138 * COPIES }, (_, i) => i + 1),
    );
    expect(result.capture.bytes).toBe(readFileSync(long).length);
    expect(result.frames.inject + result.frames.observe + result.frames.ignore).toBe(4138 * COPIES);
  });

  test('a slow reader of records holds the replay up, and loses nothing', async () => {
    let frames = 0;
    await replay(compiled, long, {
      workers: 2,
      packets: {
        begin: () => undefined,
        write: async (records) => {
          await new Promise((resolve) => setTimeout(resolve, 2));
          frames += records.length;
        },
      },
    });
    expect(frames).toBe(4138 * COPIES);
  });

  test('progress goes up to the end', async () => {
    const seen: number[] = [];
    await replay(compiled, long, { progress: ({ bytes }) => seen.push(bytes) });
    expect(seen.length).toBeGreaterThan(0);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  test('an abort ends it', async () => {
    const controller = new AbortController();
    const replaying = replay(compiled, long, {
      signal: controller.signal,
      packets: { begin: () => controller.abort(new Error('enough')), write: () => undefined },
    });
    await expect(replaying).rejects.toThrow('enough');
  });

  test('an abort before the start ends it, too', async () => {
    const signal = AbortSignal.abort(new Error('not at all'));
    await expect(replay(compiled, long, { signal })).rejects.toThrow('not at all');
  });

  test('an abort ends the wait for the first bytes of a stream', async () => {
    const controller = new AbortController();
    const silent = new PassThrough();
    const replaying = replay(compiled, silent, { signal: controller.signal });
    setImmediate(() => controller.abort(new Error('nobody sends')));
    await expect(replaying).rejects.toThrow('nobody sends');
    silent.destroy();
  });

  test('threads serve one replay at a time, then the next', async () => {
    const threads = new Threads(1);
    const stream = new PassThrough();
    stream.write(readFileSync(long));
    let first: Promise<ReplayResult> | undefined;
    await new Promise<void>((resolve) => {
      first = replay(compiled, stream, { threads, progress: () => resolve() });
    });
    await expect(replay(compiled, long, { threads })).rejects.toThrow(UsageError);
    stream.end(); // now the first one may end
    await expect(first).resolves.toMatchObject({ capture: { frames: 4138 * COPIES } });
    await expect(replay(compiled, shop, { threads })).resolves.toMatchObject({
      capture: { frames: 4138 },
    });
    await threads.close();
  });

  test('a direction that is none is refused', async () => {
    const options = { at: 'lo', direction: 'up' } as unknown as ReplayOptions;
    await expect(replay(compiled, shop, options)).rejects.toThrow(/expected in or out, not up/);
  });

  test('an error of the reader of records reaches the caller', async () => {
    const replaying = replay(compiled, long, {
      workers: 2,
      packets: {
        begin: () => undefined,
        write: () => {
          throw new Error('disk full');
        },
      },
    });
    await expect(replaying).rejects.toThrow('disk full');
  });

  test('an error of the capture reaches the caller', async () => {
    const stream = createReadStream(long);
    stream.once('data', () => stream.destroy(new Error('cable pulled')));
    await expect(replay(compiled, stream)).rejects.toThrow('cable pulled');
  });
});

describe('one worker', () => {
  const rules = (extra: string) =>
    `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${extra}COMMIT\n`;

  test('where rules have state across connections', async () => {
    const files = { 'iptables-save.txt': rules('-A FORWARD -m limit --limit 1/hour -j ACCEPT\n') };
    const ordered = compile(await readHost({ dir: join(examples, 'shop.host'), files }));
    const { speed } = await replay(ordered, shop, { workers: 2 });
    expect(speed.workers).toBe(1);
    expect(speed.oneWorker).toMatch(/limit/);
  });

  test('where NAT changes the end that chooses the worker', async () => {
    const files = {
      'iptables-save.txt':
        '*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n' +
        ':POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -p tcp -j SNAT --to-source 10.9.9.9\nCOMMIT\n',
    };
    const moving = compile(await readHost({ dir: join(examples, 'shop.host'), files }));
    const expected = await answer(shop, { workers: 1 }, moving);
    expect(await answer(shop, { workers: 4 }, moving)).toEqual(expected);
    const { speed } = await replay(moving, shop, { workers: 4 });
    expect(speed).toMatchObject({ workers: 1, oneWorker: expect.stringMatching(/NAT/) });
  });
});

test.each([0, -1, 1.5, Number.NaN])('%d workers are refused', async (workers) => {
  await expect(replay(compiled, shop, { workers })).rejects.toThrow(/workers/);
});

test('an interface that the host does not have is refused', async () => {
  await expect(replay(compiled, shop, { at: 'eth9' })).rejects.toThrow(/no interface eth9/);
});

test('a block that takes several slots, and nearly the room for what is left over', async () => {
  const head = pcapng([{ name: 'eth0' }], []);
  const begin = SLOT_DATA_BYTES - 10_000; // of the long block: 796,432 bytes of it after four reads
  const fill = block(UNKNOWN_BLOCK, Array<number>(begin - head.length - 12).fill(0));
  const option = [...[3, 0, 0x60, 0xea], ...Array<number>(60_000).fill(1)];
  const long = block(INTERFACE_BLOCK, [1, 0, 0, 0, 0, 0, 0, 0, ...Array(16).fill(option).flat()]);
  expect(long.length).toBeLessThan(SLOT_HEADROOM_BYTES);
  const packet = Buffer.from(packetBlock(ethernet(ipv4({ payload: udp(1, 2) }))));
  const path = join(dir, 'long-block.pcapng');
  writeFileSync(path, Buffer.concat([head, Buffer.from(fill), Buffer.from(long), packet]));
  for (const workers of [1, 2]) {
    expect((await replay(compiled, path, { workers })).capture.frames).toBe(1);
  }
});
