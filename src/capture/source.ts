import type { CaptureError } from '../errors.ts';

/** Where the bytes of a capture come from: always the capture itself, never its compressed form. */
export interface CaptureSource {
  /** For messages: the path, or "standard input", or what the caller said. */
  readonly name: string;
  /** Bytes of the file (compressed, if it is), to measure `position` against; undefined: a pipe. */
  readonly size: number | undefined;
  /** Bytes of the file taken so far. */
  readonly position: number;
  /** Path of a regular, uncompressed file: its bytes are the capture's, at the same offsets. */
  readonly plainFile?: string | undefined;
  /**
   * Why the bytes ended too early, known once read() has returned 0: a compressed file that is cut
   * or corrupt. What could be decompressed was handed out before.
   */
  readonly fault?: CaptureError | undefined;
  /**
   * Writes the next bytes to the start of `into`, which may be a view of shared memory, and returns
   * how many: 0 at the end. Reads no further ahead than a chunk. Rejects with a FileError.
   */
  read(into: Uint8Array): Promise<number>;
  close(): Promise<void>;
}
