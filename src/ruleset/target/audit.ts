/** -j AUDIT */
export interface AuditTarget {
  readonly kind: 'AUDIT';
  readonly type: 'accept' | 'drop' | 'reject';
}
