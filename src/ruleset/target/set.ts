import type { SetSide } from '../match/set.ts';

/** A set and the packet's sides that make up the entry. */
export interface SetReference {
  readonly name: string;
  readonly sides: readonly SetSide[];
}

/** -j SET */
export interface SetTarget {
  readonly kind: 'SET';
  readonly add: SetReference | null;
  readonly del: SetReference | null;
  readonly map: SetReference | null;
  /** Add anew an entry that is there (with the new timeout). */
  readonly exist: boolean;
  /** Seconds; null: the set's default. */
  readonly timeout: number | null;
  readonly mapMark: boolean;
  readonly mapPriority: boolean;
  readonly mapQueue: boolean;
}
