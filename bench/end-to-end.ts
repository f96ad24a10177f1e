/** The whole program in a process of its own: `dockfw replay` with exact counters. */
import { execFile } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { captureOf, hostOf } from './inputs.ts';
import type { Row } from './row.ts';
import type { TrafficKind } from './traffic/docker-traffic.ts';

const run = promisify(execFile);
const PROGRAM = 'dist/src/cli/main.js';

function endToEndRow(traffic: TrafficKind, workers: number): Row {
  const plural = workers === 1 ? '1 worker' : `${workers} workers`;
  return {
    name: `end to end, ${traffic}, ${plural}`,
    measure: async (settings) => {
      const capture = captureOf(traffic, settings);
      const host = hostOf('docker', settings);
      const args = [PROGRAM, 'replay', capture, '--host', host, '--workers', `${workers}`];
      const rates: number[] = [];
      for (let round = 0; round <= settings.rounds; round++) {
        const start = performance.now();
        await run(process.execPath, [...args, '--json', '--counters', '/dev/null']);
        const rate = (settings.packets / (performance.now() - start)) * 1000;
        if (round > 0) rates.push(rate); // the first one brings the capture into the page cache
      }
      return { rates };
    },
  };
}

export function endToEndRows(workers: readonly number[]): Row[] {
  const kinds = ['steady', 'new'] as const;
  return kinds.flatMap((traffic) => workers.map((count) => endToEndRow(traffic, count)));
}
