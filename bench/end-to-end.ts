/** The whole program in a process of its own: `dockfw replay` with exact counters. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { captureOf, hostOf } from './inputs.ts';
import type { Row } from './row.ts';
import type { TrafficKind } from './traffic/docker-traffic.ts';

const PROGRAM = 'dist/bundle/cli/dockfw.js';

/** Runs the program; its report goes nowhere, its complaints are shown. */
async function run(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`dockfw ${args.join(' ')}: exit status ${status}`);
}

function endToEndRow(traffic: TrafficKind, workers: number): Row {
  const plural = workers === 1 ? '1 worker' : `${workers} workers`;
  return {
    name: `end to end, ${traffic}, ${plural}`,
    measure: async (settings) => {
      const capture = captureOf(traffic, settings);
      const host = hostOf('docker', settings);
      const question = ['replay', capture, '--host', host, '--counters', '/dev/null'];
      const rates: number[] = [];
      for (let round = 0; round <= settings.rounds; round++) {
        const start = performance.now();
        await run([...question, '--workers', `${workers}`]);
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
