/** Captures, compressed or not: read from a file and, in pieces of any size, from a stream. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import type { Compiled } from '../../src/index.ts';
import { Random } from '../oracle/random.ts';
import type { Answer } from './bench.ts';
import { mutateBytes } from './mutate.ts';
import { captures, hosts } from './seeds.ts';
import type { Target } from './target.ts';

const MAGICS = [
  'd4c3b2a1020004000000000000000000ffff000001000000',
  '0a0d0d0a',
  '1f8b08',
  '28b52ffd',
];

const CUT = { finishFlush: constants.Z_SYNC_FLUSH }; // seeds are starts of files

let seeds: readonly Uint8Array[] | undefined;
let host: Compiled | undefined;

/** The same, but for the name of the capture and how fast it was. */
function comparable({ packets, result, refused }: Answer): unknown {
  return { packets, refused, frames: result?.frames, fault: result?.capture.fault?.message };
}

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  const random = new Random(bytes.length);
  const most = random.pick([7, 100, 5000, 70_000]);
  for (let at = 0; at < bytes.length; ) {
    const length = random.int(1, most);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

export const capture: Target = {
  name: 'capture',

  make(random) {
    seeds ??= captures();
    if (random.chance(0.05)) {
      const noise = Array.from({ length: random.int(0, 3000) }, () => random.int(0, 255));
      return Buffer.concat([Buffer.from(random.pick(MAGICS), 'hex'), Buffer.from(noise)]);
    }
    const seed = random.pick(seeds);
    const start = seed.subarray(0, random.pick([200, 4000, 60_000]));
    const isGzip = seed[0] === 0x1f && seed[1] === 0x8b;
    if (isGzip && random.chance(0.5)) {
      return gzipSync(mutateBytes(random, gunzipSync(seed, CUT).subarray(0, 30_000)));
    }
    if (random.chance(0.2)) return mutateBytes(random, gzipSync(start, { level: 1 }), 3);
    return mutateBytes(random, start);
  },

  async check(input, bench) {
    host ??= await bench.host(hosts()[0] ?? {});
    if (host === undefined) throw new Error('no host');
    const fromFile = await bench.replay(host, bench.file('capture', input), 1);
    const fromStream = await bench.replay(host, Readable.from(pieces(input)), 1);
    assert.deepEqual(comparable(fromStream), comparable(fromFile));
  },
};
