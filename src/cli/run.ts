import { CommanderError } from 'commander';
import { UsageError } from '../errors.ts';
import { version } from '../version.ts';
import { EXIT_FILE, EXIT_OK, EXIT_USAGE, Interruption, type Io } from './io.ts';
import { toProblem, writeProblem } from './problems.ts';
import { COMPLETE_COMMAND, createProgram } from './program.ts';

/** Runs one command line, without the names of node and script. Returns the exit status. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let status = EXIT_OK;
  const program = createProgram(version(), io, (result) => {
    status = result;
  });
  try {
    if (argv[0] === COMPLETE_COMMAND) {
      const { answerCompletion } = await import('./completion.ts');
      answerCompletion(program, argv.slice(argv[1] === '--' ? 2 : 1), io);
      return EXIT_OK;
    }
    await program.parseAsync(argv, { from: 'user' });
    return status;
  } catch (error) {
    return statusOf(error, io);
  }
}

function statusOf(error: unknown, io: Io): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
  const reason: unknown = io.signal?.reason;
  if (reason instanceof Interruption) {
    io.stderr.write('dockfw: interrupted\n');
    return reason.status;
  }
  writeProblem(toProblem(error), io);
  return error instanceof UsageError ? EXIT_USAGE : EXIT_FILE;
}
