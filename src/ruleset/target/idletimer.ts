/** -j IDLETIMER */
export interface IdletimerTarget {
  readonly kind: 'IDLETIMER';
  readonly label: string;
  readonly timeoutSec: number;
  readonly alarm: boolean;
}
