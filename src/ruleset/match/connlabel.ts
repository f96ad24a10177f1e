import { type Extension, FLAG, VALUE_OR_NOT } from '../extension.ts';
import { unsigned } from '../readers.ts';
import type { Invertible } from '../values.ts';

/** -m connlabel */
export interface ConnlabelMatch extends Invertible {
  readonly kind: 'connlabel';
  readonly label: number;
  readonly set: boolean;
}

/** Label names are in the host's connlabel.conf, which a saved rule set does not contain. */
export const connlabelExtension: Extension<ConnlabelMatch> = {
  name: 'connlabel',
  options: { label: VALUE_OR_NOT, set: FLAG },
  read: (options) => ({
    kind: 'connlabel',
    label: options.required('label', unsigned(127)),
    set: options.has('set'),
    invert: options.need('label').invert,
  }),
};
