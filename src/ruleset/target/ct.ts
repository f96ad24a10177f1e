/** A conntrack zone, of packets in one direction or in both. */
export interface CtZone {
  readonly direction: 'original' | 'reply' | 'both';
  /** 'mark': the packet's mark (--zone mark). */
  readonly id: number | 'mark';
}

/** -j CT; -j NOTRACK is CT with `notrack` alone. */
export interface CtTarget {
  readonly kind: 'CT';
  readonly notrack: boolean;
  readonly helper: string | null;
  readonly timeout: string | null;
  readonly events: readonly string[];
  readonly expectationEvents: readonly string[];
  readonly zone: CtZone | null;
}
