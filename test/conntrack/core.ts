/** What the tests of connection tracking run: an entry file of this folder, compiled. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

/** Compiles an entry file of this folder. */
async function compile(entry: string): Promise<WebAssembly.Module> {
  const dir = mkdtempSync(join(tmpdir(), 'dockfw-conntrack-'));
  try {
    const out = join(dir, 'core.wasm');
    const { error, stderr } = await asc.main([
      fileURLToPath(new URL(entry, import.meta.url)),
      ...['--config', join(dir, 'none.json'), '--runtime', 'stub', '--exportStart', 'start'],
      ...['--importMemory', '--sharedMemory', '--initialMemory', '16', '--maximumMemory', '65536'],
      ...['--enable', 'simd', '--enable', 'bulk-memory', '--enable', 'threads'],
      ...['--use', 'DEBUG=1', '--outFile', out],
    ]);
    if (error) throw new Error(`asc: ${stderr.toString()}`);
    return await WebAssembly.compile(readFileSync(out));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/** What every entry file exports. */
interface Attachable {
  allocate(bytes: number): number;
  attach(image: number): number;
}

/** A new instance of an entry file's core, attached to the host of `image`, and its memory. */
export async function startCore<Exports extends Attachable>(
  entry: string,
  image: Uint8Array,
): Promise<{ core: Exports; memory: WebAssembly.Memory }> {
  const module = compiled.get(entry) ?? compile(entry);
  compiled.set(entry, module);
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
  const instance = new WebAssembly.Instance(await module, {
    env: {
      memory,
      abort: (): never => {
        throw new Error('the core aborted');
      },
    },
  });
  const core = instance.exports as unknown as Exports & { start(): void };
  core.start();
  const at = core.allocate(image.length);
  new Uint8Array(memory.buffer).set(image, at);
  if (!core.attach(at)) throw new Error('attach failed');
  return { core, memory };
}
