import { type Extension, FLAG } from '../extension.ts';

/** -m socket */
export interface SocketMatch {
  readonly kind: 'socket';
  readonly transparent: boolean;
  readonly noWildcard: boolean;
  readonly restoreMark: boolean;
}

export const socketExtension: Extension<SocketMatch> = {
  name: 'socket',
  options: { transparent: FLAG, nowildcard: FLAG, 'restore-skmark': FLAG },
  read: (options) => ({
    kind: 'socket',
    transparent: options.has('transparent'),
    noWildcard: options.has('nowildcard'),
    restoreMark: options.has('restore-skmark'),
  }),
};
