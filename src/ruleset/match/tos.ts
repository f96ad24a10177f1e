import { type Extension, VALUE_OR_NOT } from '../extension.ts';
import { tos } from '../readers.ts';
import type { Invertible, MaskedValue } from '../values.ts';

/** -m tos: 8 bits. */
export interface TosMatch extends Invertible, MaskedValue {
  readonly kind: 'tos';
}

export const tosExtension: Extension<TosMatch> = {
  name: 'tos',
  options: { tos: VALUE_OR_NOT },
  read: (options) => ({
    kind: 'tos',
    ...options.required('tos', tos),
    invert: options.need('tos').invert,
  }),
};
