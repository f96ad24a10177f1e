/** Looking connections up by their tuples, in random order. */
import { compileHost } from './core-pass.ts';
import { hostOf } from './inputs.ts';
import { partsWith, place } from './parts/parts-core.ts';
import { callsOf } from './parts/sample.ts';
import type { Row } from './row.ts';
import type { Settings } from './settings.ts';
import { HEADER_WORDS } from './traffic/access-trace.ts';
import { TCP } from './traffic/protocols.ts';
import { Random } from './traffic/random.ts';

const ASKED = 1_000_000;

export function connectionRows({ connections }: Settings): Row[] {
  return connections.map((count) => ({
    name: `connection look-up, ${count} connections`,
    contenders: [{ who: 'dockfw', prepare: (settings) => prepare(count, settings) }],
  }));
}

async function prepare(count: number, settings: Settings) {
  const parts = await partsWith(await compileHost(hostOf('none', settings.usualPorts)));
  const { core } = parts;
  const tuples = new Uint32Array(count * HEADER_WORDS);
  for (let n = 0; n < count; n++) {
    const client = [0x14000000 + Math.floor(n / 50_000), 0xc0a8010a];
    tuples.set([...client, (1024 + (n % 50_000)) | (80 << 16), TCP], n * HEADER_WORDS);
  }
  const entered = place(parts, tuples);
  const before = parts.heap.memory.buffer.byteLength;
  if (!core.addConnections(entered, count)) throw new Error('out of memory');
  const bytes = parts.heap.memory.buffer.byteLength - before;
  const random = new Random();
  const asked = new Uint32Array(ASKED * HEADER_WORDS);
  for (let i = 0; i < ASKED; i++) {
    const n = random.between(0, count - 1) * HEADER_WORDS;
    asked.set(tuples.subarray(n, n + HEADER_WORDS), i * HEADER_WORDS);
  }
  const at = place(parts, asked);
  const find = () => {
    const found = core.findConnections(at, ASKED);
    if (found !== ASKED) throw new Error(`${ASKED - found} connections were not found`);
  };
  const round = callsOf(find, ASKED, settings.rounds);
  return async () => ({ ...(await round()), bytesPerConnection: bytes / count });
}
