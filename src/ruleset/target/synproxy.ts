/** -j SYNPROXY */
export interface SynproxyTarget {
  readonly kind: 'SYNPROXY';
  readonly mss: number | null;
  readonly wscale: number | null;
  readonly sackPerm: boolean;
  readonly timestamp: boolean;
  readonly ecn: boolean;
}
