/** -j TTL and -j HL */
export interface TtlTarget {
  readonly kind: 'TTL' | 'HL';
  readonly op: 'set' | 'dec' | 'inc';
  readonly value: number;
}
