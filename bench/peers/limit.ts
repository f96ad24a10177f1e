/** The physical limit, limit.c: decode every packet, look its 5-tuple up, count it. */
import type { Contender } from '../row.ts';
import { compiled, isInstalled, run } from './tools.ts';

const PASSES = 3;
/** Places of the table for each flow. */
const ROOM = 4;

export function limit(who: string, flows: number, capture: () => string): Contender {
  return {
    who,
    prepare: async () => {
      if (!isInstalled('gcc')) return 'gcc is not installed (Debian: gcc)';
      const program = await compiled('limit');
      const bits = Math.ceil(Math.log2(flows * ROOM));
      const args = [capture(), `${bits}`, 'read', `${PASSES}`];
      return async () => {
        const rates = (await run(program, args)).map(({ text }) => {
          const [, packets, seconds] = /^(\d+) packets, .* ([\d.]+) s$/.exec(text) ?? [];
          return Number(packets) / Number(seconds);
        });
        return { rate: Math.max(...rates) };
      };
    },
  };
}
