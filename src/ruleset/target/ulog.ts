/** -j ULOG (gone from kernels since 3.17). */
export interface UlogTarget {
  readonly kind: 'ULOG';
  readonly group: number;
  readonly prefix: string;
  readonly copyRange: number;
  readonly queueThreshold: number;
}
