/** -j SECMARK */
export interface SecmarkTarget {
  readonly kind: 'SECMARK';
  readonly context: string;
}

/** -j CONNSECMARK */
export interface ConnsecmarkTarget {
  readonly kind: 'CONNSECMARK';
  readonly mode: 'save' | 'restore';
}
