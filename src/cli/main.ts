import process from 'node:process';
import type { Output } from './io.ts';
import { run } from './run.ts';

const BROKEN_PIPE = 'EPIPE';

/** A reader that has seen enough (`dockfw … | head`) ends the command, without a word. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === BROKEN_PIPE) process.exit(0);
    throw error;
  });
}

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort()); // a second one kills
process.once('SIGTERM', () => interrupt.abort());

const { stdin, stderr, stdout, env } = process;

/** A CommonJS script, as this is bundled, has no await outside of functions. */
async function main(): Promise<void> {
  process.exitCode = await run(process.argv.slice(2), {
    stdin,
    stdout: stdout satisfies Output,
    stderr,
    env,
    signal: interrupt.signal,
  });
  await Promise.all([stdout, stderr].map(flushed));
  process.exit(); // some milliseconds before the end of what else is open: standard input, a heap
}

/** Settles when all that was written before has left the process. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}

void main();
