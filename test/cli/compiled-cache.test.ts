/** Rules that an earlier run has compiled: the answer is the same, and wrong files do no harm. */
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serialize } from 'node:v8';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CompiledCache } from '../../src/cli/compiled-cache.ts';
import { compile } from '../../src/compile/index.ts';
import { readHost } from '../../src/host/index.ts';
import { type CliResult, cli } from './run-cli.ts';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const capture = join(examples, 'shop.pcap');
/** Long enough to be kept. */
const RULES = 1500;

let folder: string;
let host: string;
let cacheDir: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dockfw-cache-'));
  host = join(folder, 'host');
  cacheDir = join(folder, 'cache', 'dockfw');
  cpSync(join(examples, 'shop.host'), host, { recursive: true });
  addRules('192.0.2.1');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Rules that match none of the packets, before the others of FORWARD. */
function addRules(source: string): void {
  const rules = readFileSync(join(examples, 'shop.host', 'iptables-save.txt'), 'utf8');
  const more = Array.from(
    { length: RULES },
    (_, i) => `[0:0] -A FORWARD -s ${source}/32 -p tcp -m tcp --dport ${i + 1} -j DROP\n`,
  ).join('');
  const before = '[0:0] -A FORWARD ';
  const longer = rules.replace(before, () => `${more}${before}`);
  expect(longer.length).toBeGreaterThan(rules.length + more.length - 1);
  writeFileSync(join(host, 'iptables-save.txt'), longer);
}

async function replay(...options: string[]): Promise<CliResult & { counters: string }> {
  const counters = join(folder, 'counters');
  const argv = ['replay', capture, '--host', host, '--json', '--counters', counters, ...options];
  const result = await cli(argv, { env: { XDG_CACHE_HOME: join(folder, 'cache') } });
  return { ...result, counters: readFileSync(counters, 'utf8') };
}

/** All that is said but how long it took. */
function answer({ stdout, ...rest }: CliResult & { counters: string }): unknown {
  const { speed, ...report } = JSON.parse(stdout) as Record<string, unknown>;
  expect(speed).toBeDefined();
  return { report, ...rest };
}

const keptFiles = (): string[] => readdirSync(cacheDir).map((name) => join(cacheDir, name));

/** Changes what was kept so that a run that uses it tells. */
function forge(path: string): void {
  const cache = new CompiledCache(cacheDir);
  const kept = cache.load(basename(path));
  if (kept === null) throw new Error(`${path} is not used`);
  cache.save(basename(path), { ...kept, host: { ...kept.host, source: 'FORGED' } });
}

describe('a second run', () => {
  test('uses what the first has compiled, and answers the same', async () => {
    const first = await replay();
    expect(first.status).toBe(0);
    const [file = ''] = keptFiles();
    expect(keptFiles()).toHaveLength(1);
    expect(answer(await replay())).toEqual(answer(first));
    forge(file);
    expect((await replay()).stdout).toContain('FORGED');
  });

  test('compiles anew when the rules, or what unknown matches do, have changed', async () => {
    await replay();
    forge(keptFiles()[0] ?? '');
    addRules('192.0.2.2');
    expect((await replay()).stdout).not.toContain('FORGED');
    expect((await replay('--unknown', 'match')).stdout).not.toContain('FORGED');
    expect(keptFiles()).toHaveLength(3);
  });

  test.each([
    ['is garbage', (path: string) => writeFileSync(path, 'garbage')],
    ['is another value', (path: string) => writeFileSync(path, serialize({ image: [] }))],
    ['was cut off', (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 5000))],
    [
      'others could have written',
      (path: string) => {
        forge(path);
        chmodSync(path, 0o666);
      },
    ],
    [
      'lies where others can write',
      (path: string) => {
        forge(path);
        chmodSync(cacheDir, 0o777);
      },
    ],
  ])('does not use what %s', async (_, spoil) => {
    const first = await replay();
    for (const path of keptFiles()) spoil(path);
    expect(answer(await replay())).toEqual(answer(first));
  });

  test('asks for no cache with --no-cache', async () => {
    await replay();
    forge(keptFiles()[0] ?? '');
    expect((await replay('--no-cache')).stdout).not.toContain('FORGED');
  });
});

describe('nothing is kept', () => {
  test.each([
    [
      'of rules that are quickly compiled',
      async () => cpSync(join(examples, 'shop.host'), host, { recursive: true }),
    ],
    ['where a rule is wrong', async () => writeFileSync(join(host, 'ipset-save.txt'), 'create\n')],
    ['where the place for it is a file', async () => writeFileSync(join(folder, 'cache'), '')],
  ])('%s', async (_, change) => {
    await change();
    const { status, stdout } = await replay();
    expect(stdout).not.toBe('');
    expect([0, 3]).toContain(status);
    expect(() => keptFiles()).toThrow(/ENOENT|ENOTDIR/);
  });
});

test('the files that were not used for the longest time are removed', async () => {
  const cache = new CompiledCache(cacheDir);
  const compiled = compile(await readHost(join(examples, 'shop.host')));
  const long = 20;
  mkdirSync(cacheDir, { recursive: true, mode: 0o700 });
  for (let i = 0; i < long; i++) {
    cache.save(`key${i}`, { ...compiled, problems: [], host: { ...compiled.host, problems: [] } });
    const then = new Date(Date.UTC(2026, 0, 1, i));
    utimesSync(join(cacheDir, `key${i}`), then, then);
    if (i === 5) expect(cache.load('key0')).not.toBeNull();
  }
  expect(keptFiles().length).toBeLessThan(long);
  expect(cache.load('key0')).not.toBeNull(); // it was used since
  expect(cache.load('key1')).toBeNull();
  expect(statSync(cacheDir).mode & 0o777).toBe(0o700);
});
