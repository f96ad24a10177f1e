import { type Extension, FLAG } from '../extension.ts';
import type { Invertible } from '../values.ts';

/** -m rpfilter */
export interface RpfilterMatch extends Invertible {
  readonly kind: 'rpfilter';
  readonly loose: boolean;
  readonly validMark: boolean;
  readonly acceptLocal: boolean;
}

export const rpfilterExtension: Extension<RpfilterMatch> = {
  name: 'rpfilter',
  tables: ['raw', 'mangle'],
  options: { loose: FLAG, validmark: FLAG, 'accept-local': FLAG, invert: FLAG },
  read: (options) => ({
    kind: 'rpfilter',
    loose: options.has('loose'),
    validMark: options.has('validmark'),
    acceptLocal: options.has('accept-local'),
    invert: options.has('invert'),
  }),
};
