/** -j TRACE */
export interface TraceTarget {
  readonly kind: 'TRACE';
}
