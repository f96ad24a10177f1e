/** -j NFLOG */
export interface NflogTarget {
  readonly kind: 'NFLOG';
  readonly group: number;
  readonly prefix: string;
  /** Bytes copied; null: all. */
  readonly size: number | null;
  readonly threshold: number;
}
