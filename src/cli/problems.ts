import { DockfwError, FileError, UnknownExtensionError } from '../errors.ts';
import { style, wantsColors } from '../report/style.ts';
import type { Io } from './io.ts';

/** Problems of one kind beyond this number are only counted. */
const SHOWN = 20;

/**
 * Writes problems to standard error, errors before warnings; of several about one line the first,
 * which the others follow from. Returns how many are errors.
 */
export function reportProblems(problems: readonly DockfwError[], io: Io): number {
  const first = problems.filter((problem, i) => {
    return i === problems.findIndex((other) => isSameLine(problem, other));
  });
  const errors = first.filter(({ severity }) => severity === 'error');
  const warnings = first.filter(({ severity }) => severity === 'warning');
  for (const list of [errors, warnings]) {
    for (const problem of list.slice(0, SHOWN)) writeProblem(problem, io);
    if (list.length > SHOWN) io.stderr.write(`dockfw: and ${list.length - SHOWN} more\n`);
  }
  return errors.length;
}

function isSameLine(a: DockfwError, b: DockfwError): boolean {
  return a === b || (a.line !== undefined && a.line === b.line && a.file === b.file);
}

/** An extension that is not known is no error where the caller says what it does. */
export function tolerateUnknown(problem: DockfwError): DockfwError {
  if (!(problem instanceof UnknownExtensionError)) return problem;
  const { code, message, file, line, column, sourceLine } = problem;
  return new DockfwError(
    code,
    message,
    { file, line, column, sourceLine },
    { severity: 'warning' },
  );
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
