/** What is put to the kernel, and what it answers: the two parts of a case. */
import type { KernelFrame } from '../records.ts';

export type Backend = 'nft' | 'legacy';
/** Files of a host snapshot by their names. */
export type Files = Readonly<Record<string, string>>;

/** A frame to inject. */
export interface Shot {
  /** The host's interface that it comes in by. */
  readonly iface: string;
  readonly frame: Uint8Array;
  readonly note: string;
  /** Milliseconds that pass before it; none where it follows at once. */
  readonly wait?: number;
  /** Number of the datagram that it is a fragment of. */
  readonly datagram?: number;
}

/** Rules, sets and frames are lists of lines: leaving some out leaves a question. */
export interface Question {
  readonly about: string;
  readonly backend: Backend;
  /** Path of the file that says which host is built. */
  readonly topology: string;
  /** For iptables-restore and ip6tables-restore. */
  readonly rules: readonly string[];
  readonly rules6: readonly string[];
  /** For ipset restore. */
  readonly sets: readonly string[];
  readonly sysctls: Readonly<Record<string, string | number>>;
  readonly shots: readonly Shot[];
}

export interface Answer {
  readonly kernel: string;
  /** The host's files before the first frame. */
  readonly host: Files;
  /** When each frame was injected: microseconds since the epoch. */
  readonly micros: readonly number[];
  readonly frames: readonly KernelFrame[];
  /** Rules with their counters, sets and connections after the last frame. */
  readonly after: Files;
}

/** A question with its answer. Rules that the kernel refuses are not in it. */
export interface Judged {
  readonly question: Question;
  readonly answer: Answer;
}
