import { FileError } from '../errors.ts';
import { systemReason } from '../system-reason.ts';

/** A FileError for an output that cannot be written. */
export function outputError(path: string, error: unknown): FileError {
  return new FileError(`cannot be written: ${systemReason(error)}`, path, error);
}
