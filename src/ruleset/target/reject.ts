/** -j REJECT; `with` is the full name, such as icmp-port-unreachable. */
export interface RejectTarget {
  readonly kind: 'REJECT';
  readonly with: string;
}
