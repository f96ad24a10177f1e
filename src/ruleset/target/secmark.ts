import { type Extension, FLAG, VALUE } from '../extension.ts';
import { shortText } from '../readers.ts';

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

export const secmarkExtension: Extension<SecmarkTarget> = {
  name: 'SECMARK',
  tables: ['mangle', 'security'],
  options: { selctx: VALUE },
  read: (options) => ({ kind: 'SECMARK', context: options.required('selctx', shortText(255, 1)) }),
};

export const connsecmarkExtension: Extension<ConnsecmarkTarget> = {
  name: 'CONNSECMARK',
  tables: ['mangle', 'security'],
  options: { save: FLAG, restore: FLAG },
  read: (options) => ({
    kind: 'CONNSECMARK',
    mode: options.needOneOf(['save', 'restore']).id as ConnsecmarkTarget['mode'],
  }),
};
