/** Sources of captures: files, streams and standard input, plain and compressed. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CaptureSource, openCapture } from '../../src/capture/index.ts';
import { CaptureError, FileError } from '../../src/errors.ts';

const hasZstd = spawnSync('zstd', ['--version']).status === 0;
if (!hasZstd) console.warn('skipped: zstd is not installed');

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'dockfw-capture-'));
});
afterAll(() => {
  rmSync(dir, { recursive: true });
});

/** Looks like a pcap file, and does not repeat itself. */
function content(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32LE(0xa1b2c3d4, 0);
  let x = 1;
  for (let i = 4; i < length; i++) {
    x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    bytes[i] = (x >>> 24) & (i % 3000 < 1500 ? 255 : 3);
  }
  return bytes;
}

const CAPTURE = content(700_000);

function file(name: string, bytes: Uint8Array | string): string {
  const path = join(dir, name);
  writeFileSync(path, bytes);
  return path;
}

const zstd = (bytes: Uint8Array, ...flags: string[]): Buffer =>
  execFileSync('zstd', ['-q', '-c', ...flags], { input: bytes, maxBuffer: 1 << 28 });

async function readAll(source: CaptureSource, size = 65_536): Promise<Buffer> {
  const parts: Buffer[] = [];
  const into = new Uint8Array(size);
  for (;;) {
    const length = await source.read(into);
    if (length === 0) break;
    parts.push(Buffer.from(into.slice(0, length)));
  }
  await source.close();
  return Buffer.concat(parts);
}

const chunked = (bytes: Buffer, size: number): Readable =>
  Readable.from(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    ),
  );

const FORMS: readonly (readonly [string, (bytes: Buffer) => Buffer, boolean])[] = [
  ['plain', (bytes) => bytes, true],
  ['gzip', (bytes) => gzipSync(bytes), true],
  [
    'gzip of several members',
    (bytes) =>
      Buffer.concat([
        gzipSync(bytes.subarray(0, 2)),
        gzipSync(bytes.subarray(2, 300_000)),
        gzipSync(bytes.subarray(300_000)),
      ]),
    true,
  ],
  [
    'gzip with garbage behind',
    (bytes) => Buffer.concat([gzipSync(bytes), Buffer.from('garbage')]),
    true,
  ],
  ['zstd', (bytes) => zstd(bytes, '--check'), hasZstd],
  ['zstd, best', (bytes) => zstd(bytes, '-19'), hasZstd],
  [
    'zstd of several frames',
    (bytes) => Buffer.concat([zstd(bytes.subarray(0, 300_000)), zstd(bytes.subarray(300_000))]),
    hasZstd,
  ],
  [
    'zstd behind a skippable frame',
    (bytes) => Buffer.concat([Buffer.from('502a4d1804000000deadbeef', 'hex'), zstd(bytes)]),
    hasZstd,
  ],
];

describe.each(FORMS.filter(([, , available]) => available))('%s', (name, form) => {
  it('from a file', async () => {
    const path = file(name, form(CAPTURE));
    const source = await openCapture(path);
    expect(source).toMatchObject({ name: path, size: form(CAPTURE).length });
    expect(source.plainFile).toBe(name === 'plain' ? path : undefined);
    expect(CAPTURE.equals(await readAll(source))).toBe(true);
    expect(source.fault).toBeUndefined();
    expect(source.position).toBeLessThanOrEqual(form(CAPTURE).length);
    expect(source.position).toBeGreaterThan(form(CAPTURE).length - 70_000);
  });

  it.each([1, 7, 1000, 100_000])('from a stream in chunks of %i', async (size) => {
    const expected = size < 1000 ? CAPTURE.subarray(0, 3000) : CAPTURE;
    const source = await openCapture(chunked(form(expected), size));
    expect(source.size).toBeUndefined();
    expect(expected.equals(await readAll(source, 999))).toBe(true);
  });

  it('into shared memory', async () => {
    const source = await openCapture(file(name, form(CAPTURE)));
    const shared = new Uint8Array(new SharedArrayBuffer(CAPTURE.length + 10));
    let at = 0;
    for (;;) {
      const length = await source.read(shared.subarray(at));
      if (length === 0) break;
      at += length;
    }
    await source.close();
    expect(at).toBe(CAPTURE.length);
    expect(CAPTURE.equals(Buffer.from(shared.slice(0, at)))).toBe(true);
  });
});

it('reads standard input', () => {
  const open = fileURLToPath(new URL('./standard-input.ts', import.meta.url));
  const bundled = join(dir, 'standard-input.mjs');
  const rolldown = fileURLToPath(new URL('../../node_modules/.bin/rolldown', import.meta.url));
  execFileSync(rolldown, [open, '--platform', 'node', '--no-codeSplitting', '-o', bundled], {
    stdio: 'pipe',
  });
  const out = execFileSync('node', [bundled], { input: gzipSync(CAPTURE), encoding: 'utf8' });
  expect(JSON.parse(out)).toEqual({ name: 'standard input', bytes: CAPTURE.length });
});

describe('damage', () => {
  const forms = FORMS.filter(([name, , available]) => available && /^(gzip|zstd)$/.test(name));

  it.each(forms)('%s that is cut: what is there, then why', async (name, form) => {
    const bytes = form(CAPTURE);
    for (const keep of [0.3, 0.9, 0.999]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * keep));
      const source = await openCapture(file(`cut ${name}`, cut));
      const read = await readAll(source);
      expect(read.equals(CAPTURE.subarray(0, read.length))).toBe(true);
      expect(read.length).toBeGreaterThan(CAPTURE.length * keep - 300_000);
      expect(source.fault).toBeInstanceOf(CaptureError);
      expect(source.fault?.message).toContain('cut off or corrupt');
    }
  });

  it('gzip whose checksum is wrong: everything, then why', async () => {
    const bytes = gzipSync(CAPTURE);
    bytes.writeUInt32LE(1, bytes.length - 8);
    const source = await openCapture(file('checksum.gz', bytes));
    expect(CAPTURE.equals(await readAll(source))).toBe(true);
    expect(source.fault?.message).toContain('incorrect data check');
  });
});

describe('refused, with a reason', () => {
  const refused = async (input: string | Readable): Promise<Error> => {
    try {
      await openCapture(input);
    } catch (error) {
      if (error instanceof Error) return error;
    }
    throw new Error('not refused');
  };

  it('no such file', async () => {
    const path = join(dir, 'nothing here');
    const error = await refused(path);
    expect(error).toBeInstanceOf(FileError);
    expect(error).toMatchObject({ code: 'FILE', file: path, message: 'no such file' });
  });

  it('a directory', async () => {
    const path = join(dir, 'folder.pcap');
    mkdirSync(path);
    expect(await refused(path)).toMatchObject({
      code: 'FILE',
      message: 'is a directory, not a capture',
    });
  });

  it.each([
    ['empty', Buffer.alloc(0), 'is empty'],
    ['short', Buffer.from([0xd4, 0xc3, 0xb2]), 'is not a capture'],
    ['text', Buffer.from('*filter\nCOMMIT\n'), 'is not a capture'],
    ['compressed text', gzipSync('*filter'), 'is not a capture'],
    ['compressed nothing', gzipSync(''), 'is empty'],
    ['twice compressed', gzipSync(gzipSync(CAPTURE)), 'is not a capture'],
    ['half a gzip header', Buffer.from([0x1f, 0x8b, 8, 0]), 'cut off or corrupt'],
    ['no gzip at all', Buffer.from([0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9]), 'cut off or corrupt'],
    ['no zstd at all', Buffer.from(`28b52ffd${'ff'.repeat(30)}`, 'hex'), 'cut off or corrupt'],
  ])('%s', async (name, bytes, message) => {
    for (const input of [file(name, bytes), Readable.from([bytes])]) {
      const error = await refused(input);
      expect(error).toBeInstanceOf(CaptureError);
      expect(error.message).toContain(message);
    }
  });

  it('a stream that fails', async () => {
    const failing = Readable.from(
      (async function* () {
        yield CAPTURE.subarray(0, 1000);
        throw new Error('the wire broke');
      })(),
    );
    const source = await openCapture(failing);
    const into = new Uint8Array(2000);
    expect(await source.read(into)).toBe(1000);
    await expect(source.read(into)).rejects.toThrow('the wire broke');
  });
});

it('takes no more from a stream than is asked for', async () => {
  let taken = 0;
  const endless = Readable.from(
    (function* () {
      yield CAPTURE.subarray(0, 65_536);
      for (;;) {
        taken++;
        yield Buffer.alloc(65_536);
      }
    })(),
    { highWaterMark: 1 },
  );
  const source = await openCapture(endless);
  const into = new Uint8Array(65_536);
  for (let i = 0; i < 20; i++) await source.read(into);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(taken).toBeLessThan(25);
  await source.close();
});

it('keeps memory within bounds on a bomb', async () => {
  const path = file('bomb', CAPTURE.subarray(0, 4));
  truncateSync(path, 200 << 20);
  execFileSync('gzip', [path]);
  const source = await openCapture(`${path}.gz`);
  const into = new Uint8Array(1 << 20);
  const before = process.memoryUsage().arrayBuffers;
  let total = 0;
  let peak = 0;
  for (;;) {
    const length = await source.read(into);
    if (length === 0) break;
    total += length;
    peak = Math.max(peak, process.memoryUsage().arrayBuffers);
  }
  await source.close();
  expect(total).toBe(200 << 20);
  expect(peak - before).toBeLessThan(150 << 20);
});

it.skipIf(process.platform === 'win32')('reads a named pipe', async () => {
  const path = join(dir, 'pipe');
  execFileSync('mkfifo', [path]);
  const writer = spawn('sh', ['-c', `cat > '${path}'`], { stdio: ['pipe', 'ignore', 'ignore'] });
  writer.stdin.end(CAPTURE);
  const source = await openCapture(path);
  expect(source.size).toBeUndefined();
  expect(CAPTURE.equals(await readAll(source))).toBe(true);
});
