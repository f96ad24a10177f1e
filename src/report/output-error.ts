import { FileError } from '../errors.ts';

/** A FileError for an output that cannot be written. */
export function outputError(path: string, error: unknown): FileError {
  const message = error instanceof Error ? error.message : String(error);
  return new FileError(`cannot be written: ${message}`, path, error);
}
