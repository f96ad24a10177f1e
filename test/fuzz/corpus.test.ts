/** Inputs that once failed, and some new ones of each target (npm run fuzz goes on from there). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { Random } from '../oracle/random.ts';
import { Bench } from './bench.ts';
import { targets } from './targets.ts';

const NEW_INPUTS = 15;

let bench: Bench;
beforeAll(() => {
  bench = new Bench();
});
afterAll(() => bench.close());

describe.each(targets)('$name', (target) => {
  const dir = fileURLToPath(new URL(`./corpus/${target.name}/`, import.meta.url));
  const names = existsSync(dir) ? readdirSync(dir).sort() : [];

  it.each(names)('%s', async (name) => {
    await target.check(readFileSync(dir + name), bench);
  });

  it(`seeds 1 to ${NEW_INPUTS}`, async () => {
    for (let seed = 1; seed <= NEW_INPUTS; seed++) {
      await target.check(target.make(new Random(seed)), bench);
    }
  });
});
