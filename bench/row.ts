/** What is measured, by whom, and how the samples come about. */
import type { Settings } from './settings.ts';

/** One measurement. What a row has nothing to say about is left out. */
export interface Sample {
  /** Packets or look-ups per second. */
  readonly rate?: number;
  /** From the text of the rules to tables that can be asked. */
  readonly compileMillis?: number;
  /** From the start of the program to its end, when there is but one packet. */
  readonly startMillis?: number;
  /** Memory: of tables, or of a whole process at its peak. */
  readonly bytes?: number;
  readonly bytesPerConnection?: number;
}

/** Takes a sample. */
export type Round = () => Promise<Sample>;

/** Somebody who does a row's work: dockfw, or what else there is for it. */
export interface Contender {
  readonly who: string;
  /** Makes ready what is not to be measured. A text says why there is nothing to measure. */
  prepare(settings: Settings): Promise<Round | string>;
}

/** The same work, done by all contenders in turns. The others are compared with the first one. */
export interface Row {
  readonly name: string;
  readonly contenders: readonly Contender[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
