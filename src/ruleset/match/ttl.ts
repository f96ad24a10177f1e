import type { Invertible } from '../values.ts';

/** -m ttl and -m hl */
export interface TtlMatch extends Invertible {
  readonly kind: 'ttl' | 'hl';
  /** eq: equal (inverted: not equal), lt: below, gt: above. */
  readonly op: 'eq' | 'lt' | 'gt';
  readonly value: number;
}
