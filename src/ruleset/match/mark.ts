import { type Extension, VALUE_OR_NOT } from '../extension.ts';
import { mark } from '../readers.ts';
import type { Invertible, MaskedValue } from '../values.ts';

/** -m mark and -m connmark */
export interface MarkMatch extends Invertible, MaskedValue {
  readonly kind: 'mark' | 'connmark';
}

function markLike(kind: MarkMatch['kind']): Extension<MarkMatch> {
  return {
    name: kind,
    options: { mark: VALUE_OR_NOT },
    read: (options) => ({
      kind,
      ...options.required('mark', mark),
      invert: options.need('mark').invert,
    }),
  };
}

export const markExtension = markLike('mark');
export const connmarkExtension = markLike('connmark');
