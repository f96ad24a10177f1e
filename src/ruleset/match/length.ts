import { type Extension, VALUE_OR_NOT } from '../extension.ts';
import { MAX_U16, unsignedRange } from '../readers.ts';
import type { Invertible, NumberRange } from '../values.ts';

/** -m length: bytes of the IP packet. */
export interface LengthMatch extends Invertible, NumberRange {
  readonly kind: 'length';
}

export const lengthExtension: Extension<LengthMatch> = {
  name: 'length',
  options: { length: VALUE_OR_NOT },
  read: (options) => ({
    kind: 'length',
    ...options.required('length', unsignedRange(MAX_U16)),
    invert: options.need('length').invert,
  }),
};
