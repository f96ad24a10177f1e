import { readFileSync } from 'node:fs';
import { MEMORY_FIRST_PAGE, MEMORY_TAKEN_PAGES } from '../../assembly/abi.ts';
import { CoreError } from '../errors.ts';
import type { Core, CoreImports } from './core.ts';
import { Heap } from './heap.ts';
import { builtFile } from './location.ts';
import { type InterfaceName, resolver } from './names.ts';

const PAGE_BYTES = 65536;
const MAXIMUM_PAGES = 65536;

/** The compiled core; the same code for every replay, so it is compiled once per process. */
let compiled: Promise<WebAssembly.Module> | undefined;

export function coreModule(): Promise<WebAssembly.Module> {
  compiled ??= compileCore();
  return compiled;
}

async function compileCore(): Promise<WebAssembly.Module> {
  return await WebAssembly.compile(readFileSync(builtFile('core.wasm')));
}

export function createMemory(): WebAssembly.Memory {
  const initial = MEMORY_FIRST_PAGE;
  return new WebAssembly.Memory({ initial, maximum: MAXIMUM_PAGES, shared: true });
}

/** The first part of making a memory as good as new; the second is the core's renew(). */
export function clearStaticData({ buffer }: WebAssembly.Memory): void {
  const low = new Uint8Array(buffer, 0, MEMORY_FIRST_PAGE * PAGE_BYTES);
  low.fill(0, 0, MEMORY_TAKEN_PAGES);
  low.fill(0, MEMORY_TAKEN_PAGES + 4);
}

/** One instance of the core over a shared memory. */
export interface Instance {
  readonly core: Core;
  readonly heap: Heap;
}

/** Instantiates the core. Synchronous: workers call it before their first task. */
export function instantiate(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  names: readonly InterfaceName[],
): Instance {
  const heap = new Heap(memory);
  const env = { memory, ...resolver(names, heap), abort: onAbort } satisfies CoreImports & {
    abort: typeof onAbort;
  };
  const instance = new WebAssembly.Instance(module, { env });
  const core = instance.exports as unknown as Core & { start?: () => void };
  core.start?.();
  return { core, heap };
}

/** AssemblyScript's failed assertions, in debug builds. */
function onAbort(_message: number, _file: number, line: number, column: number): never {
  throw new CoreError(`an assertion of the core failed at ${line}:${column}`, 0);
}
