/** -j DSCP: 0 … 63. */
export interface DscpTarget {
  readonly kind: 'DSCP';
  readonly value: number;
}
