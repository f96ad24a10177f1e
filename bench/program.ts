/** `dockfw replay` in a process of its own, with exact counters. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { performance } from 'node:perf_hooks';

const PROGRAM = 'dist/bundle/cli/dockfw.js';
const USAGE = new URL('usage.js', import.meta.url).href;

export interface Replay {
  readonly capture: string;
  readonly host: string;
  readonly workers: number;
  /** Whether rules may be kept compiled by a run before; default: yes, as for any user. */
  readonly cache?: boolean;
}

function argumentsOf({ capture, host, workers, cache = true }: Replay): string[] {
  const question = ['replay', capture, '--host', host, '--counters', '/dev/null'];
  return [PROGRAM, ...question, '--workers', `${workers}`, ...(cache ? [] : ['--no-cache'])];
}

/**
 * With a cache of its own; without the variable that makes node read certificates before the first
 * line of any program, some 40 ms, where it is set.
 */
const ENVIRONMENT = {
  ...process.env,
  XDG_CACHE_HOME: resolve('.cache/bench/user'),
  NODE_EXTRA_CA_CERTS: undefined,
};

/** Runs the program; its report goes nowhere, complaints are shown. Returns what usage.ts said. */
async function run(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, args, {
    env: ENVIRONMENT,
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  let said = '';
  child.stdio[3]?.on('data', (piece: Buffer) => {
    said += piece;
  });
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`${args.join(' ')}: exit status ${status}`);
  return said;
}

/** Milliseconds from the start of the process to its end. */
export async function replayMillis(replay: Replay): Promise<number> {
  const start = performance.now();
  await run(argumentsOf(replay));
  return performance.now() - start;
}

/** Bytes of memory that the process had at its peak. */
export async function replayBytes(replay: Replay): Promise<number> {
  return Number(await run(['--import', USAGE, ...argumentsOf(replay)]));
}
