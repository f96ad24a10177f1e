/** The core with the doors of core.entry.ts. */
import { readFile } from 'node:fs/promises';
import { STATUS_OK } from '../../assembly/abi.ts';
import type { Compiled } from '../../src/compile/compiled.ts';
import type { Core } from '../../src/engine/core.ts';
import type { Heap } from '../../src/engine/heap.ts';
import { loadImage } from '../../src/engine/image.ts';
import { createMemory, instantiate } from '../../src/engine/instance.ts';
import { interfaceNames } from '../../src/engine/names.ts';

/** Pointers are byte offsets into the memory, as in src/engine/core.ts. */
export interface PartsCore extends Core {
  classifyHeaders(headers: number, count: number, from: number, to: number, out: number): void;
  addressTrie(addresses: number, count: number): number;
  lookUpAddresses(trie: number, addresses: number, count: number): number;
  portMap(ports: number, count: number): number;
  lookUpPorts(map: number, ports: number, count: number): number;
  addConnections(tuples: number, count: number): number;
  findConnections(tuples: number, count: number): number;
}

export interface Parts {
  readonly core: PartsCore;
  readonly heap: Heap;
}

let compiled: Promise<WebAssembly.Module> | undefined;

function partsModule(): Promise<WebAssembly.Module> {
  const file = new URL('../core.wasm', import.meta.url);
  compiled ??= readFile(file).then((bytes) => WebAssembly.compile(bytes));
  return compiled;
}

/** An instance with the rules of `rules` loaded, as the only worker. */
export async function partsWith(rules: Compiled): Promise<Parts> {
  const module = await partsModule();
  const instance = instantiate(module, createMemory(), interfaceNames(rules.host));
  const core = instance.core as PartsCore;
  const { image, built } = loadImage(instance, rules);
  const status = core.attach(image, built, core.createCaptureState(1), 0, 1, 0);
  if (status !== STATUS_OK) throw new Error(`attach: status ${status}`);
  return { core, heap: instance.heap };
}

/** Copies an array into the core's memory. */
export function place({ core, heap }: Parts, values: Uint32Array | Uint16Array): number {
  const at = core.alloc(values.byteLength) >>> 0;
  if (at === 0) throw new Error('out of memory');
  heap
    .bytes(at, values.byteLength)
    .set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return at;
}
