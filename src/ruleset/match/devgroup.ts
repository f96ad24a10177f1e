import { type Argument, type Extension, VALUE_OR_NOT } from '../extension.ts';
import { MAX_U32, mark } from '../readers.ts';
import type { Invertible, MaskedValue } from '../values.ts';

/** -m devgroup */
export interface DevgroupMatch {
  readonly kind: 'devgroup';
  readonly src: (MaskedValue & Invertible) | null;
  readonly dst: (MaskedValue & Invertible) | null;
}

/** The default group has its number on every host; other names are in the host's iproute2/group. */
function group(arg: Argument): MaskedValue {
  return arg.text === 'default' ? { value: 0, mask: MAX_U32 } : mark(arg);
}

export const devgroupExtension: Extension<DevgroupMatch> = {
  name: 'devgroup',
  options: { 'src-group': VALUE_OR_NOT, 'dst-group': VALUE_OR_NOT },
  read: (options) => {
    if (options.occurrences.length === 0) throw options.fault('at least one option is missing');
    return {
      kind: 'devgroup',
      src: options.inverted('src-group', group),
      dst: options.inverted('dst-group', group),
    };
  },
};
