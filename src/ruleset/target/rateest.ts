/** -j RATEEST */
export interface RateestTarget {
  readonly kind: 'RATEEST';
  readonly name: string;
  readonly intervalSec: number;
  readonly ewmaSec: number;
}
