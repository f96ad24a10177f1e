/** tcpdump, which reads a capture and asks one question about each packet. */
import { performance } from 'node:perf_hooks';
import type { Contender } from '../row.ts';
import { isInstalled, run } from './tools.ts';

const FILTER = 'tcp and dst port 80';

export function tcpdump(packets: number, capture: () => string): Contender {
  return {
    who: 'tcpdump',
    prepare: async () => {
      if (!isInstalled('tcpdump')) return 'tcpdump is not installed (Debian: tcpdump)';
      const args = ['-r', capture(), '-w', '/dev/null', FILTER];
      return async () => {
        const start = performance.now();
        await run('tcpdump', args);
        return { rate: (packets / (performance.now() - start)) * 1000 };
      };
    },
  };
}
