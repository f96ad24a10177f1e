import { type Extension, VALUE } from '../extension.ts';
import { dscpClass, unsigned } from '../readers.ts';

/** -j DSCP: 0 … 63. */
export interface DscpTarget {
  readonly kind: 'DSCP';
  readonly value: number;
}

export const dscpTargetExtension: Extension<DscpTarget> = {
  name: 'DSCP',
  tables: ['mangle'],
  options: { 'set-dscp': VALUE, 'set-dscp-class': VALUE },
  read: (options) => {
    const given = options.needOneOf(['set-dscp', 'set-dscp-class']);
    const reader = given.id === 'set-dscp' ? unsigned(63) : dscpClass;
    return { kind: 'DSCP', value: options.argument(given, reader) };
  },
};
