/** -j ACCEPT, DROP, RETURN and QUEUE */
export interface VerdictTarget {
  readonly kind: 'ACCEPT' | 'DROP' | 'RETURN' | 'QUEUE';
}
