import type { Invertible } from '../values.ts';

export type SetSide = 'src' | 'dst';

/** A condition on the counters of the set's entry. */
export interface SetCounterCondition {
  readonly op: 'eq' | 'ne' | 'lt' | 'gt';
  readonly value: bigint;
}

/** -m set --match-set */
export interface SetMatch extends Invertible {
  readonly kind: 'set';
  readonly name: string;
  /** Which side each of the entry's dimensions comes from; 1 to 6 of them. */
  readonly sides: readonly SetSide[];
  readonly returnNomatch: boolean;
  readonly updateCounters: boolean;
  readonly updateSubcounters: boolean;
  readonly packets: SetCounterCondition | null;
  readonly bytes: SetCounterCondition | null;
}
