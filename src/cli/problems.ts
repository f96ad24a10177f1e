import { DockfwError, FileError } from '../errors.ts';
import { style, wantsColors } from '../report/style.ts';
import type { Io } from './io.ts';

/** Problems of one kind beyond this number are only counted. */
const SHOWN = 20;

/** Writes problems to standard error, errors before warnings. Returns how many are errors. */
export function reportProblems(problems: readonly DockfwError[], io: Io): number {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const warnings = problems.filter(({ severity }) => severity === 'warning');
  for (const list of [errors, warnings]) {
    for (const problem of list.slice(0, SHOWN)) writeProblem(problem, io);
    if (list.length > SHOWN) io.stderr.write(`dockfw: and ${list.length - SHOWN} more\n`);
  }
  return errors.length;
}

export function writeProblem(problem: DockfwError, io: Io): void {
  const look = style(wantsColors(io.stderr.isTTY === true, io.env));
  const kind = problem.severity === 'error' ? look.bad('error') : look.caution('warning');
  io.stderr.write(`dockfw: ${kind}: ${problem.format()}\n`);
}

/** What went wrong, as a problem with a message for people; never a stack trace. */
export function toProblem(error: unknown): DockfwError {
  if (error instanceof DockfwError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && 'path' in error && typeof error.path === 'string') {
    return new FileError(message, error.path, error);
  }
  return new DockfwError('INTERNAL', message, {}, { cause: error });
}
