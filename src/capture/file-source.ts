import { type FileHandle, open } from 'node:fs/promises';
import { CaptureError, FileError } from '../errors.ts';
import { systemReason } from '../system-reason.ts';
import type { CaptureSource } from './source.ts';

/** Opens a regular file or what else has a path (a named pipe, a device). Throws a FileError. */
export async function openFile(path: string): Promise<{ handle: FileHandle; size?: number }> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    throw fileError(path, error);
  }
  const stat = await handle.stat();
  if (stat.isDirectory()) {
    await handle.close();
    throw new FileError('is a directory, not a capture', path);
  }
  if (!stat.isFile()) return { handle };
  if (stat.size === 0) {
    await handle.close();
    throw new CaptureError('is empty: not even the header of a capture', path, 0);
  }
  return { handle, size: stat.size };
}

/** A plain file, read straight into the caller's memory. */
export class FileSource implements CaptureSource {
  readonly name: string;
  readonly size: number;
  readonly plainFile: string;
  readonly #handle: FileHandle;
  #position = 0;

  constructor(path: string, handle: FileHandle, size: number) {
    this.name = path;
    this.plainFile = path;
    this.size = size;
    this.#handle = handle;
  }

  get position(): number {
    return this.#position;
  }

  async read(into: Uint8Array): Promise<number> {
    try {
      const { bytesRead } = await this.#handle.read(into, 0, into.length, this.#position);
      this.#position += bytesRead;
      return bytesRead;
    } catch (error) {
      throw fileError(this.name, error);
    }
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** What the system says of a file, in words. */
export function fileError(path: string, error: unknown): FileError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return new FileError('no such file', path, error);
    case 'EACCES':
    case 'EPERM':
      return new FileError('permission denied', path, error);
    case 'EISDIR':
      return new FileError('is a directory, not a capture', path, error);
    default:
      return new FileError(`cannot be read: ${systemReason(error)}`, path, error);
  }
}
