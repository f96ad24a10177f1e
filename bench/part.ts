/** A row about one part of the core, sampled with tinybench. */
import { Bench } from 'tinybench';
import { compileHost, type Pass, pass } from './core-pass.ts';
import { captureOf, hostOf } from './inputs.ts';
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
    measure: async (settings) => {
      const compiled = await compileHost(hostOf(part.rules, settings));
      const capture = captureOf(part.traffic, settings);
      const bench = new Bench({
        iterations: settings.rounds,
        time: 0,
        warmupIterations: 1,
        warmupTime: 0,
        throws: true,
        retainSamples: true,
      });
      let frames = 0;
      bench.add(part.name, async () => {
        const done = await pass(compiled, capture, settings.partPackets, part.time === 'judge');
        frames = done.frames;
        return { overriddenDuration: millisOf(done, part) };
      });
      const [task] = await bench.run();
      const result = task?.result;
      if (result === undefined || !('latency' in result))
        throw new Error(`${part.name}: no result`);
      const samples = result.latency.samples ?? [];
      return { rates: samples.map((millis) => (frames / millis) * 1000) };
    },
  };
}
