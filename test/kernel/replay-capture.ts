/** One replay, with all that the comparisons look at. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, type HostOptions, type PacketRecord, readHost, replay } from 'dockfw';
import type { CounterLine } from './counters.ts';

export interface Replayed {
  readonly frames: readonly PacketRecord[];
  readonly counters: readonly CounterLine[];
  readonly counters6: readonly CounterLine[];
}

/** `capture`: the path of one, or its bytes. */
export async function replayCapture(
  host: string | HostOptions,
  capture: string | Uint8Array,
  workers: number,
): Promise<Replayed> {
  if (typeof capture === 'string') return replayFile(host, capture, workers);
  const directory = mkdtempSync(join(tmpdir(), 'dockfw-case-'));
  try {
    const path = join(directory, 'in.pcapng');
    writeFileSync(path, capture);
    return await replayFile(host, path, workers);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function replayFile(
  host: string | HostOptions,
  capture: string,
  workers: number,
): Promise<Replayed> {
  const frames: PacketRecord[] = [];
  const compiled = compile(await readHost(host));
  const result = await replay(compiled, capture, {
    workers,
    packets: {
      begin: () => {
        frames.length = 0;
      },
      write: (records) => {
        frames.push(...records);
      },
    },
  });
  const countersOf = (family: 4 | 6): CounterLine[] =>
    result.rules
      .filter((rule) => rule.family === family)
      .map(({ policy, text, ...line }) => ({ ...line, text: policy ?? text }));
  return { frames, counters: countersOf(4), counters6: countersOf(6) };
}
