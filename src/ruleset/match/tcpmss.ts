import { type Extension, VALUE_OR_NOT } from '../extension.ts';
import { MAX_U16, unsignedRange } from '../readers.ts';
import type { Invertible, NumberRange } from '../values.ts';

/** -m tcpmss */
export interface TcpmssMatch extends Invertible, NumberRange {
  readonly kind: 'tcpmss';
}

export const tcpmssExtension: Extension<TcpmssMatch> = {
  name: 'tcpmss',
  protocols: [6],
  options: { mss: VALUE_OR_NOT },
  read: (options) => ({
    kind: 'tcpmss',
    ...options.required('mss', unsignedRange(MAX_U16)),
    invert: options.need('mss').invert,
  }),
};
