import { type Extension, VALUE_OR_NOT } from '../extension.ts';
import { mark } from '../readers.ts';
import type { Invertible, MaskedValue } from '../values.ts';

/** -m devgroup */
export interface DevgroupMatch {
  readonly kind: 'devgroup';
  readonly src: (MaskedValue & Invertible) | null;
  readonly dst: (MaskedValue & Invertible) | null;
}

export const devgroupExtension: Extension<DevgroupMatch> = {
  name: 'devgroup',
  options: { 'src-group': VALUE_OR_NOT, 'dst-group': VALUE_OR_NOT },
  read: (options) => {
    if (options.occurrences.length === 0) throw options.fault('at least one option is missing');
    return {
      kind: 'devgroup',
      src: options.inverted('src-group', mark),
      dst: options.inverted('dst-group', mark),
    };
  },
};
