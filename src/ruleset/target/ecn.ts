/** -j ECN. */
export interface EcnTarget {
  readonly kind: 'ECN';
  /** Clear ECE and CWR of the TCP header. */
  readonly tcpRemove: boolean;
  /** New ECN field of the IP header, ECE and CWR bits of the TCP header; null: unchanged. */
  readonly ipEct: number | null;
  readonly tcpEce: number | null;
  readonly tcpCwr: number | null;
}
