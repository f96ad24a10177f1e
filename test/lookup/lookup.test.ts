/** Each structure against the plainest thing that does the same, on seeded random input. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { beforeAll, expect, test } from 'vitest';
import { generator } from '../table/random.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const U64 = (1n << 64n) - 1n;

interface Exports {
  start(): void;
  alloc(bytes: number): number;
  stepMapBytes(domain: number): number;
  beginStep(map: number, value: number): void;
  sealStepMap(map: number, domain: number): number;
  stepOf(map: number, value: number): number;
  nextStep(map: number, domain: number, from: number): number;
  sortKeys(keys: number, count: number, scratch: number): number;
  buildTrie(keys: number, count: number): number;
  lookUp(trie: number, high: bigint, low: bigint): number;
  newAddressMap(): number;
  paint(map: number, min: number, max: number, keep: number, bits: number): number;
  valueAt(map: number, address: number): number;
  createTable(keyBytes: number, recordBytes: number): number;
  insertRecord(table: number, key: number): number;
  findRecord(table: number, key: number): number;
  removeRecord(table: number, record: number): void;
  count(table: number): number;
  walked(table: number): number;
}

let core: Exports;
let memory: WebAssembly.Memory;

beforeAll(async () => {
  const dir = mkdtempSync(join(tmpdir(), 'dockfw-lookup-'));
  try {
    const out = join(dir, 'lookup.wasm');
    const { error, stderr } = await asc.main([
      join(root, 'test/lookup/lookup.entry.ts'),
      ...['--config', join(dir, 'none.json'), '--runtime', 'stub', '--exportStart', 'start'],
      ...['--importMemory', '--sharedMemory', '--initialMemory', '16', '--maximumMemory', '65536'],
      ...['--enable', 'bulk-memory', '--enable', 'threads', '--use', 'DEBUG=1', '--outFile', out],
    ]);
    if (error) throw new Error(`asc: ${stderr.toString()}`);
    memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
    const abort = () => {
      throw new Error('the core aborted');
    };
    const module = await WebAssembly.compile(readFileSync(out));
    const instance = await WebAssembly.instantiate(module, { env: { memory, abort } });
    core = instance.exports as unknown as Exports;
    core.start();
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test.for([1, 2, 3])('step map, seed %i', (seed) => {
  const random = generator(seed);
  const domain = 1 + random(3000);
  const begins = new Set([0, ...Array.from({ length: random(300) }, () => random(domain))]);
  const map = core.alloc(core.stepMapBytes(domain));
  for (const value of begins) core.beginStep(map, value);
  expect(core.sealStepMap(map, domain)).toBe(begins.size);
  let step = -1;
  for (let value = 0; value < domain; value++) {
    if (begins.has(value)) step++;
    expect(core.stepOf(map, value)).toBe(step);
  }
  const sorted = [...begins].sort((a, b) => a - b);
  const found: number[] = [];
  for (let at = 0; at < domain; at++) {
    at = core.nextStep(map, domain, at);
    if (at < domain) found.push(at);
  }
  expect(found).toEqual(sorted);
});

test.for([1, 2, 3, 4])('address map, seed %i', (seed) => {
  const random = generator(seed);
  const map = core.newAddressMap();
  const painted: { min: number; max: number; keep: number; bits: number }[] = [];
  const probes = new Set([0, 0xffffffff]);
  for (let i = 0; i < 60; i++) {
    const bits = random(33);
    const rest = bits === 32 ? 0 : 0xffffffff >>> bits;
    const near = random(3) === 0 ? random(0xffffffff) : 0x0a000000 + random(4096);
    const min = (near & ~rest) >>> 0;
    const max = random(2) === 0 ? (near | rest) >>> 0 : Math.min(min + random(5000), 0xffffffff);
    const keep = random(2) === 0 ? 0 : 0xffff;
    painted.push({ min, max, keep, bits: random(1 << 20) });
    for (const at of [min - 1, min, max, max + 1]) probes.add(at >>> 0);
    for (let n = 0; n < 20; n++) probes.add((min + random(max - min + 1)) >>> 0);
  }
  for (const { min, max, keep, bits } of painted) {
    expect(core.paint(map, min, max, keep, bits)).toBe(1);
  }
  for (const address of probes) {
    let value = 0;
    for (const { min, max, keep, bits } of painted) {
      if (address >= min && address <= max) value = (value & keep) | bits;
    }
    expect(core.valueAt(map, address)).toBe(value);
  }
});

/** Writes keys to the core, sorts and builds; the boundaries, ascending and without repetition. */
function build(keys: readonly bigint[]): { trie: number; sorted: bigint[] } {
  const at = core.alloc(keys.length * 16);
  const view = new DataView(memory.buffer);
  for (const [i, key] of keys.entries()) {
    view.setBigUint64(at + i * 16, key >> 64n, true);
    view.setBigUint64(at + i * 16 + 8, key & U64, true);
  }
  const sorted = [...new Set(keys)].sort((a, b) => (a < b ? -1 : 1));
  expect(core.sortKeys(at, keys.length, core.alloc(keys.length * 16))).toBe(sorted.length);
  return { trie: core.buildTrie(at, sorted.length), sorted };
}

/** Number of the last boundary that is not above the key, by bisection. */
function bisect(sorted: readonly bigint[], key: bigint): number {
  let low = 0;
  let high = sorted.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0n) <= key) low = middle;
    else high = middle;
  }
  return low;
}

test.for([
  [1, 4, 5],
  [2, 4, 400],
  [3, 4, 20_000],
  [4, 6, 5],
  [5, 6, 400],
  [6, 6, 20_000],
] as const)('interval trie, seed %i: IPv%i, %i boundaries', ([seed, family, size]) => {
  const random = generator(seed);
  const bits32 = () => (BigInt(random(65536)) << 16n) | BigInt(random(65536));
  /** Clustered, so that paths are long and some boundaries differ in their last bit alone. */
  const key = () => {
    if (family === 4) return (random(2) ? bits32() : 0xac110000n + BigInt(random(4000))) << 96n;
    const high = (0xfd00n << 48n) | (BigInt(random(3)) << BigInt(random(48)));
    return (high << 64n) | (random(2) ? BigInt(random(5)) : (bits32() << 32n) | bits32());
  };
  const { trie, sorted } = build([0n, ...Array.from({ length: size }, key)]);
  expect(trie).not.toBe(0);
  const asked = sorted.flatMap((boundary) => [boundary - 1n, boundary, boundary + 1n]);
  for (let i = 0; i < 1000; i++) asked.push(key());
  for (const value of asked) {
    if (value < 0n || value >> 128n) continue;
    // an IPv4 key has nothing but its upper 32 bits
    const whole = family === 4 ? (value >> 96n) << 96n : value;
    expect(core.lookUp(trie, whole >> 64n, whole & U64)).toBe(bisect(sorted, whole));
  }
});

test.for([1, 2, 3, 4])('hash table, seed %i', (seed) => {
  const random = generator(seed);
  const table = core.createTable(16, 24);
  const key = core.alloc(16);
  const known = new Map<number, number>();
  const view = () => new DataView(memory.buffer);
  for (let i = 0; i < 5000; i++) {
    const value = random(600);
    view().setUint32(key, value, true);
    view().setUint32(key + 8, value * 7, true);
    const record = core.findRecord(table, key);
    expect(record !== 0).toBe(known.has(value));
    if (record !== 0) expect(view().getUint32(record + 16, true)).toBe(known.get(value));
    if (random(3) > 0) {
      const inserted = core.insertRecord(table, key);
      if (record === 0) expect(view().getUint32(inserted + 16, true)).toBe(0);
      view().setUint32(inserted + 16, i, true);
      known.set(value, i);
    } else if (record !== 0) {
      core.removeRecord(table, record);
      known.delete(value);
    }
    expect(core.count(table)).toBe(known.size);
  }
  expect(core.walked(table)).toBe(known.size);
});
