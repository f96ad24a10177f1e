/**
 * Fuzzing from the command line, on the built dist/ and from the repository's root:
 * `npm run fuzz -- --target capture --minutes 5 [--seed 1]`. A failing input is saved in
 * test/fuzz/corpus, where an ordinary test checks it from then on. Exit status 1: something failed.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, numberOf, readArguments } from '../command-line.ts';
import { Random } from '../oracle/random.ts';
import { Bench } from './bench.ts';
import { root } from './seeds.ts';
import type { Target } from './target.ts';
import { targetOf, targets } from './targets.ts';

/** Longer than any input of these sizes needs, on however busy a machine. */
const HANG_MS = 60_000;
const MEMORY_LIMIT = 6 * 2 ** 30;
const FAILURES_MAX = 20;

const { values } = readArguments('npm run fuzz -- [OPTIONS] (test/fuzz/README.md)', {
  options: {
    target: { type: 'string', multiple: true },
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
  },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) fail(`--minutes: expected a number above 0, not ${values.minutes}`);
const firstSeed = numberOf('--seed', values.seed ?? `${Date.now() % 2 ** 32}`, 0);
const chosen = values.target?.map(targetOf) ?? targets;

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function save(target: Target, input: Uint8Array): string {
  const dir = join(root, 'test/fuzz/corpus', target.name);
  mkdirSync(dir, { recursive: true });
  const path = join(dir, createHash('sha256').update(input).digest('hex').slice(0, 12));
  writeFileSync(path, input);
  return path;
}

function report(target: Target, seed: number, input: Uint8Array, error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  print(`${target.name}: seed ${seed} fails, saved as ${save(target, input)}`);
  print(text.split('\n').slice(0, 12).join('\n'));
}

async function check(target: Target, input: Uint8Array, bench: Bench): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('hangs')), HANG_MS);
  });
  try {
    await Promise.race([target.check(input, bench), hang]);
  } finally {
    clearTimeout(timer);
  }
  const { rss } = process.memoryUsage();
  if (rss > MEMORY_LIMIT) throw new Error(`memory has grown to ${rss} bytes`);
}

/** Fuzzes one target; the number of inputs that failed. */
async function fuzz(target: Target): Promise<number> {
  const bench = new Bench();
  const end = Date.now() + minutes * 60_000;
  let failures = 0;
  let seed = firstSeed;
  try {
    for (; Date.now() < end && failures < FAILURES_MAX; seed++) {
      const input = target.make(new Random(seed));
      try {
        await check(target, input, bench);
      } catch (error) {
        failures++;
        report(target, seed, input, error);
      }
    }
  } finally {
    await bench.close();
  }
  print(`${target.name}: seeds ${firstSeed} to ${seed - 1}, ${failures} failed`);
  return failures;
}

let failures = 0;
for (const target of chosen) failures += await fuzz(target);
process.exit(failures > 0 ? 1 : 0); // a thread that hangs would keep the process
