import { type Extension, VALUE_OR_NOT } from '../extension.ts';
import { shortText } from '../readers.ts';
import type { Invertible } from '../values.ts';

/** -m helper; an empty name is any helper. */
export interface HelperMatch extends Invertible {
  readonly kind: 'helper';
  readonly name: string;
}

export const helperExtension: Extension<HelperMatch> = {
  name: 'helper',
  options: { helper: VALUE_OR_NOT },
  read: (options) => ({
    kind: 'helper',
    name: options.required('helper', shortText(29)),
    invert: options.need('helper').invert,
  }),
};
