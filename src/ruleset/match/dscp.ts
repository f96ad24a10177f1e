import { type Extension, VALUE_OR_NOT } from '../extension.ts';
import { dscpClass, unsigned } from '../readers.ts';
import type { Invertible } from '../values.ts';

/** -m dscp: 0 … 63. */
export interface DscpMatch extends Invertible {
  readonly kind: 'dscp';
  readonly value: number;
}

export const dscpExtension: Extension<DscpMatch> = {
  name: 'dscp',
  options: { dscp: VALUE_OR_NOT, 'dscp-class': VALUE_OR_NOT },
  read: (options) => {
    const given = options.needOneOf(['dscp', 'dscp-class']);
    return {
      kind: 'dscp',
      value: options.argument(given, given.id === 'dscp' ? unsigned(63) : dscpClass),
      invert: given.invert,
    };
  },
};
