/** Every capture at hand, compared with what tshark says of it. */
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { FAULT_NOT_IP } from '../../assembly/abi.ts';
import * as capture from '../../assembly/abi-capture.ts';
import { openCapture } from '../../src/capture/index.ts';
import { captureFiles, hasData } from './data.ts';
import { compileFront, type Decoded, decode } from './harness.ts';
import { DOCKER_HOST } from './image.ts';

const hasTshark = spawnSync('tshark', ['--version']).status === 0;
if (!hasTshark) console.warn('skipped: tshark is not installed');

/** Without connection tracking, so that fragments stay as they are. */
const HOST = { ...DOCKER_HOST, flags: 0 };

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileFront();
});

async function bytesOf(file: string): Promise<Uint8Array> {
  const source = await openCapture(file);
  const parts: Uint8Array[] = [];
  const buffer = new Uint8Array(100_000);
  for (;;) {
    const length = await source.read(buffer);
    if (length === 0) break;
    parts.push(buffer.slice(0, length));
  }
  await source.close();
  return Buffer.concat(parts);
}

interface Row {
  readonly number: string;
  readonly length: string;
  readonly time: string;
  readonly src: string;
  readonly dst: string;
}

/** One row per frame, of the outermost IP header. */
function tshark(file: string): Row[] {
  const fields = ['frame.number', 'frame.len', 'frame.time_epoch', 'ip.src', 'ip.dst'];
  const { stdout } = spawnSync(
    'tshark',
    [
      ...['-r', file, '-T', 'fields', '-E', 'occurrence=f', '-t', 'e'],
      ...['-o', 'ip.defragment:FALSE', '-o', 'ipv6.defragment:FALSE'],
      ...[...fields, 'ipv6.src', 'ipv6.dst', 'ip.cur_rt', 'frame.protocols'].flatMap((field) => [
        '-e',
        field,
      ]),
    ],
    { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [
        number = '',
        length = '',
        time = '',
        src4 = '',
        dst4 = '',
        src6 = '',
        dst6 = '',
        next = '',
        p,
      ] = line.split('\t');
      const v6 = firstIp(p ?? '') === 'ipv6';
      // with a source route, tshark's ip.dst is its last hop
      const dst = v6 ? dst6 : next || dst4;
      return { number, length, time, src: v6 ? src6 : src4, dst };
    });
}

/** Which IP header is the outermost; tshark prints inner ones of tunnels and errors too. */
function firstIp(protocols: string): string | undefined {
  return protocols.split(':').find((name) => name === 'ip' || name === 'ipv6');
}

function rows({ frames }: Decoded): Row[] {
  return frames.map((frame) => ({
    number: String(frame.number),
    length: String(frame.frameLen),
    time: `${frame.tsNanos / 1_000_000_000n}.${String(frame.tsNanos % 1_000_000_000n).padStart(9, '0')}`,
    src: frame.fault === FAULT_NOT_IP ? '' : frame.src,
    dst: frame.fault === FAULT_NOT_IP ? '' : frame.dst,
  }));
}

const FAULTY: Readonly<Record<string, { status: number; offset: number }>> = {
  'cut-in-last-record.pcap': { status: capture.CAPTURE_CUT, offset: 2797 },
  'corrupt-shb-option-too-long.pcapng': { status: capture.CAPTURE_BLOCK_LENGTH, offset: 0 },
};

it.skipIf(!hasData)('there are captures to compare', () => {
  const names = captureFiles().map((file) => basename(file));
  expect(names.some((name) => name.endsWith('.gz'))).toBe(true);
  expect(names.some((name) => name.endsWith('.zst'))).toBe(true);
});

describe.each(captureFiles())('%s', (file) => {
  const name = basename(file);

  it.skipIf(!hasTshark)('is read as tshark reads it', async () => {
    const decoded = decode(module, HOST, await bytesOf(file));
    const expected = tshark(file);
    const ours = rows(decoded);
    // simple packets have no time; ours repeat the last one
    expected.forEach((row, i) => {
      const own = ours[i];
      if (row.time === '' && own) ours[i] = { ...own, time: '' };
    });
    expect(ours).toEqual(expected);
    expect(decoded.status).toBe(FAULTY[name]?.status ?? capture.CAPTURE_OK);
    expect(decoded.faultOffset).toBe(FAULTY[name]?.offset ?? -1);
  });

  it('is the same in slots of any size', async () => {
    const bytes = (await bytesOf(file)).subarray(0, 60_000);
    const whole = decode(module, HOST, bytes);
    for (const chunk of [1, 7, 64, 1000]) {
      if (chunk < 7 && bytes.length > 5000) continue;
      const parts = decode(module, HOST, bytes, { chunk });
      expect({ ...parts, core: null }).toEqual({ ...whole, core: null });
    }
  });
});
