import type { Address } from '../values.ts';

/** -m connlimit */
export interface ConnlimitMatch {
  readonly kind: 'connlimit';
  readonly limit: number;
  /** Match above the limit (`--connlimit-above`), or at and below it (`--connlimit-upto`). */
  readonly when: 'above' | 'upto';
  readonly mask: Address;
  readonly side: 'source' | 'destination';
}
