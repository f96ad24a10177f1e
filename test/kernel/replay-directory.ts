/** One replay, with all that the comparisons look at. */
import { compile, type PacketRecord, readHost, replay } from 'dockfw';
import type { CounterLine } from './counters.ts';

export interface Replayed {
  readonly frames: readonly PacketRecord[];
  readonly counters: readonly CounterLine[];
  readonly counters6: readonly CounterLine[];
}

export async function replayDirectory(
  hostDirectory: string,
  capture: string,
  workers: number,
): Promise<Replayed> {
  const frames: PacketRecord[] = [];
  const compiled = compile(await readHost(hostDirectory));
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
