/** -j LOG */
export interface LogTarget {
  readonly kind: 'LOG';
  /** Syslog level, 0 … 7. */
  readonly level: number;
  readonly prefix: string;
  readonly tcpSequence: boolean;
  readonly tcpOptions: boolean;
  readonly ipOptions: boolean;
  readonly uid: boolean;
  readonly macDecode: boolean;
}
