import type { Readable } from 'node:stream';

/** The outside world of one command: what run() may read and write, and nothing else. */
export interface Io {
  readonly stdin: Readable;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends the command, as Ctrl-C does. */
  readonly signal?: AbortSignal | undefined;
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
/** Input that cannot be read, or not wholly. */
export const EXIT_UNREADABLE = 3;
/** As shells say it: 128 + SIGINT. */
export const EXIT_INTERRUPTED = 130;
