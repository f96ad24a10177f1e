/** Records of encoded sections as the core's own classes read them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const entry = fileURLToPath(new URL('image.entry.ts', import.meta.url));
const PAGES = 16;
const OUT = 64 * 1024; // above the module's static data
const INPUT = OUT + 1024;

interface Exports {
  sizes(out: number): void;
  readIface(at: number, out: number): void;
  readAddress(at: number, out: number): void;
  readRoute(at: number, out: number): void;
  readPolicyRule(at: number, out: number): void;
  readFdb(at: number, out: number): void;
  readNeighbour(at: number, out: number): void;
  readNetwork(at: number, out: number): void;
  readKnownConn(at: number, out: number): void;
}

export type RecordReader = Exclude<keyof Exports, 'sizes'>;

async function compile(): Promise<WebAssembly.Module> {
  const dir = mkdtempSync(join(tmpdir(), 'dockfw-host-'));
  try {
    const out = join(dir, 'image.wasm');
    const { error, stderr } = await asc.main([
      ...[entry, '--config', join(dir, 'none.json'), '--runtime', 'stub', '--outFile', out],
      ...['--importMemory', '--sharedMemory', '--enable', 'threads'],
      ...['--initialMemory', `${PAGES}`, '--maximumMemory', `${PAGES}`],
    ]);
    if (error) throw new Error(`asc: ${stderr.toString()}`);
    return await WebAssembly.compile(readFileSync(out));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

export class ImageReader {
  private readonly memory: WebAssembly.Memory;
  private readonly exports: Exports;

  private constructor(memory: WebAssembly.Memory, exports: Exports) {
    this.memory = memory;
    this.exports = exports;
  }

  static async create(): Promise<ImageReader> {
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
    const env = { memory, abort: () => undefined };
    const instance = new WebAssembly.Instance(await compile(), { env });
    return new ImageReader(memory, instance.exports as unknown as Exports);
  }

  private output(count: number): bigint[] {
    return [...new BigUint64Array(this.memory.buffer, OUT, count)];
  }

  /** Sizes of the record heads, in the order of image.entry.ts. */
  sizes(): number[] {
    this.exports.sizes(OUT);
    return this.output(8).map(Number);
  }

  /** The `fields` fields of every record of `size` bytes. */
  records(bytes: Uint8Array, size: number, reader: RecordReader, fields: number): bigint[][] {
    new Uint8Array(this.memory.buffer).set(bytes, INPUT);
    const all: bigint[][] = [];
    for (let at = 0; at < bytes.length; at += size) {
      this.exports[reader](INPUT + at, OUT);
      all.push(this.output(fields));
    }
    return all;
  }
}
