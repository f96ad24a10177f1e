/** What is measured, and how a figure of it comes about. */
import type { Settings } from './settings.ts';

export interface Figure {
  /** Packets per second of every round. */
  readonly rates: readonly number[];
}

export interface Row {
  readonly name: string;
  measure(settings: Settings): Promise<Figure>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
