/** Snapshots: JSON and text files with anything in them are a host, with problems. */
import assert from 'node:assert/strict';
import { DockfwError, readHost } from '../../src/index.ts';
import type { Random } from '../oracle/random.ts';
import type { Files } from './bench.ts';
import { mutateBytes, mutateJson, mutateText } from './mutate.ts';
import { hosts } from './seeds.ts';
import type { Target } from './target.ts';

let seeds: readonly Files[] | undefined;

export function seedHost(random: Random): Files {
  seeds ??= hosts();
  return random.pick(seeds);
}

/** Some files of the host changed, some gone. */
export function mutateHost(random: Random, files: Files, most = 4): Files {
  const entries = Object.entries(files).filter(() => !random.chance(0.05));
  const chosen = new Set(random.some([...entries.keys()], random.int(1, most)));
  return Object.fromEntries(
    entries.map(([name, text], index) => [
      name,
      chosen.has(index) ? mutateFile(random, name, text) : text,
    ]),
  );
}

function mutateFile(random: Random, name: string, text: string): string {
  if (random.chance(0.1)) {
    return Buffer.from(mutateBytes(random, Buffer.from(text))).toString('utf8');
  }
  return name.endsWith('.json') ? mutateJson(random, text) : mutateText(random, text);
}

export const host: Target = {
  name: 'host',

  make(random) {
    return Buffer.from(JSON.stringify(mutateHost(random, seedHost(random))));
  },

  async check(input, bench) {
    const files = JSON.parse(Buffer.from(input).toString('utf8')) as Files;
    const { problems, interfaces } = await readHost({ files });
    for (const problem of problems) assert(problem instanceof DockfwError);
    interfaces.forEach(({ id }, index) => {
      assert.equal(id, index + 1);
    });
    await bench.host(files);
  },
};
