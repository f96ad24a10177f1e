import process from 'node:process';
import { outputError } from '../report/output-error.ts';
import { EXIT_FILE, EXIT_OK, Interruption, type Output } from './io.ts';
import { writeProblem } from './problems.ts';
import { run } from './run.ts';

/** How long what cannot be interrupted gets, such as a named pipe that nobody writes to. */
const GRACE_MILLIS = 2000;

const { stdin, stdout, stderr, env } = process;
const interrupt = new AbortController();
const io = { stdin, stdout: stdout satisfies Output, stderr, env, signal: interrupt.signal };

for (const [stream, name] of [
  [stdout, 'standard output'],
  [stderr, 'standard error'],
] as const) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // a reader that has seen enough (`dockfw … | head`) ends the command, without a word
    if (error.code === 'EPIPE') process.exit(EXIT_OK);
    writeProblem(outputError(name, error), io);
    process.exit(EXIT_FILE);
  });
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // a second one kills
  process.once(name, () => {
    interrupt.abort(new Interruption(name));
    setTimeout(() => process.kill(process.pid, name), GRACE_MILLIS).unref();
  });
}

/** A CommonJS script, as this is bundled, has no await outside of functions. */
async function main(): Promise<void> {
  process.exitCode = await run(process.argv.slice(2), io);
  await Promise.all([stdout, stderr].map(flushed));
  process.exit(); // some milliseconds before the end of what else is open: standard input, a heap
}

/** Settles when all that was written before has left the process. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}

void main();
