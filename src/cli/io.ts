import { constants } from 'node:os';
import type { Readable } from 'node:stream';

/** The outside world of one command: what run() may read and write, and nothing else. */
export interface Io {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends the command, as Ctrl-C does. */
  readonly signal?: AbortSignal | undefined;
}

/** A stream of bytes. */
export interface Input extends Readable {
  readonly isTTY?: boolean | undefined;
}

/** A stream, or something like it in a test. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** Exit statuses. */
export const EXIT_OK = 0;
/** A question that was asked came out the other way. */
export const EXIT_NO = 1;
export const EXIT_USAGE = 2;
/** Input that cannot be read, or not wholly; an output that cannot be written. */
export const EXIT_FILE = 3;

/** Why io.signal ends the command. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  /** As shells say it: 128 and the number of the signal. */
  readonly status: number;

  constructor(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') {
    super(`interrupted by ${signal}`);
    this.status = 128 + constants.signals[signal];
  }
}
