/** Samples of something that is fast enough to be called many times for each. */
import { Bench } from 'tinybench';
import type { Round } from '../row.ts';

const MILLIS = 100;

/** A round of calls of `call`, which does `count` look-ups. */
export function callsOf(call: () => void, count: number, rounds: number): Round {
  return async () => {
    // a smoke run asks whether it works, not how fast
    const time = rounds > 1 ? MILLIS : 0;
    const bench = new Bench({
      time,
      iterations: 3,
      warmupTime: 0,
      warmupIterations: 1,
      throws: true,
    });
    bench.add('calls', call);
    const [task] = await bench.run();
    const result = task?.result;
    if (result === undefined || !('latency' in result)) throw new Error('no result');
    return { rate: (count / result.latency.p50) * 1000 };
  };
}
