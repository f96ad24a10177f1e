import type { Invertible } from '../values.ts';

/** -m string */
export interface StringMatch extends Invertible {
  readonly kind: 'string';
  readonly algorithm: 'bm' | 'kmp';
  /** Offsets from the start of the IP header; the pattern begins at `from` or later, below `to`. */
  readonly from: number;
  readonly to: number;
  readonly pattern: Uint8Array;
  readonly ignoreCase: boolean;
}
