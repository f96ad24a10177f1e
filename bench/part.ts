/** A row about one part of the core, judging a capture from its beginning. */
import { Bench } from 'tinybench';
import { compileHost, type Pass, pass } from './core-pass.ts';
import { captureOf, hostOf, usualTraffic } from './inputs.ts';
import type { Row } from './row.ts';
import type { TrafficKind } from './traffic/docker-traffic.ts';

export interface Part {
  readonly name: string;
  readonly rules: Parameters<typeof hostOf>[0];
  readonly traffic: TrafficKind;
  /** Whose time counts. */
  readonly time: 'decode' | 'judge';
}

const millisOf = (done: Pass, { time }: Part): number =>
  time === 'decode' ? done.decodeMillis : done.judgeMillis;

export function partRow(part: Part): Row {
  return {
    name: part.name,
    contenders: [
      {
        who: 'dockfw',
        prepare: async (settings) => {
          const compiled = await compileHost(hostOf(part.rules, settings.usualPorts));
          const capture = captureOf(usualTraffic(part.traffic, settings));
          const judge = part.time === 'judge';
          return async () => {
            // an instance is new, and its connections with it, so every pass counts by itself
            const bench = new Bench({ iterations: 1, time: 0, warmup: false, throws: true });
            let frames = 0;
            bench.add(part.name, async () => {
              const done = await pass(compiled, capture, settings.partPackets, judge);
              frames = done.frames;
              return { overriddenDuration: millisOf(done, part) };
            });
            const [task] = await bench.run();
            const result = task?.result;
            if (result === undefined || !('latency' in result)) throw new Error('no result');
            return { rate: (frames / result.latency.mean) * 1000 };
          };
        },
      },
    ],
  };
}
