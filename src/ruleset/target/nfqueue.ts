/** -j NFQUEUE */
export interface NfqueueTarget {
  readonly kind: 'NFQUEUE';
  /** First queue; `count` queues are balanced over. */
  readonly queue: number;
  readonly count: number;
  /** Go on as ACCEPT where nobody listens. */
  readonly bypass: boolean;
  readonly cpuFanout: boolean;
}
