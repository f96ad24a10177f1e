/** -m socket */
export interface SocketMatch {
  readonly kind: 'socket';
  readonly transparent: boolean;
  readonly noWildcard: boolean;
  readonly restoreMark: boolean;
}
