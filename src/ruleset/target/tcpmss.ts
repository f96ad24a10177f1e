/** -j TCPMSS */
export interface TcpmssTarget {
  readonly kind: 'TCPMSS';
  /** 'clamp': the path MTU less the headers. */
  readonly mss: number | 'clamp';
}
