import { type Extension, VALUE, VALUE_OR_NOT } from '../extension.ts';
import { oneOf, u64Range } from '../readers.ts';
import type { BigRange, Invertible } from '../values.ts';

/** -m connbytes */
export interface ConnbytesMatch extends Invertible, BigRange {
  readonly kind: 'connbytes';
  readonly direction: 'original' | 'reply' | 'both';
  readonly mode: 'packets' | 'bytes' | 'avgpkt';
}

export const connbytesExtension: Extension<ConnbytesMatch> = {
  name: 'connbytes',
  options: { connbytes: VALUE_OR_NOT, 'connbytes-dir': VALUE, 'connbytes-mode': VALUE },
  read: (options) => ({
    kind: 'connbytes',
    ...options.required('connbytes', u64Range),
    invert: options.need('connbytes').invert,
    direction: options.required('connbytes-dir', oneOf(['original', 'reply', 'both'])),
    mode: options.required('connbytes-mode', oneOf(['packets', 'bytes', 'avgpkt'])),
  }),
};
