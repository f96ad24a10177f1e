/** The whole program in a process of its own: `dockfw replay` with exact counters. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { captureOf, hostOf } from './inputs.ts';
import type { Contender, Row } from './row.ts';
import type { Settings } from './settings.ts';
import type { DockerTraffic } from './traffic/docker-traffic.ts';

const PROGRAM = 'dist/bundle/cli/dockfw.js';

/** Runs the program; its report goes nowhere, its complaints are shown. */
async function run(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`dockfw ${args.join(' ')}: exit status ${status}`);
}

function dockfw(workers: number, inputs: (settings: Settings) => Inputs): Contender {
  return {
    who: workers === 1 ? 'dockfw' : `dockfw, ${workers} workers`,
    prepare: async (settings) => {
      const { traffic, host } = inputs(settings);
      const capture = captureOf(traffic);
      const question = ['replay', capture, '--host', host, '--counters', '/dev/null'];
      const args = [...question, '--workers', `${workers}`];
      await run(args); // brings the capture into the page cache
      return async () => {
        const start = performance.now();
        await run(args);
        return { rate: (traffic.packets / (performance.now() - start)) * 1000 };
      };
    },
  };
}

interface Inputs {
  readonly traffic: DockerTraffic;
  readonly host: string;
}

export function endToEndRows({ workers, ports, usualConnections }: Settings): Row[] {
  const kinds = ['steady', 'new'] as const;
  return kinds.flatMap((kind) =>
    ports.map((count) => ({
      name: `end to end, ${kind}, ${count} ports`,
      contenders: workers.map((workerCount) =>
        dockfw(workerCount, ({ packets }) => ({
          traffic: { kind, packets, connections: usualConnections, ports: count },
          host: hostOf('docker', count),
        })),
      ),
    })),
  );
}
