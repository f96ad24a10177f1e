/** -j CLASSIFY */
export interface ClassifyTarget {
  readonly kind: 'CLASSIFY';
  /** major << 16 | minor */
  readonly priority: number;
}
