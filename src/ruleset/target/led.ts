/** -j LED */
export interface LedTarget {
  readonly kind: 'LED';
  readonly trigger: string;
  /** Milliseconds; 'inf': until switched off. */
  readonly delay: number | 'inf';
  readonly alwaysBlink: boolean;
}
