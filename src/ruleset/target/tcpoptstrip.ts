/** -j TCPOPTSTRIP */
export interface TcpoptstripTarget {
  readonly kind: 'TCPOPTSTRIP';
  /** TCP option kinds. */
  readonly options: readonly number[];
}
