import { type Extension, VALUE } from '../extension.ts';
import { tos, u8 } from '../readers.ts';
import type { MaskedValue } from '../values.ts';

/** -j TOS: tos = (tos & ~mask) ^ value; 8 bits. */
export interface TosTarget extends MaskedValue {
  readonly kind: 'TOS';
}

export const tosTargetExtension: Extension<TosTarget> = {
  name: 'TOS',
  tables: ['mangle'],
  options: { 'set-tos': VALUE, 'and-tos': VALUE, 'or-tos': VALUE, 'xor-tos': VALUE },
  read: (options) => {
    const given = options.needOneOf(['set-tos', 'and-tos', 'or-tos', 'xor-tos']);
    if (given.id === 'set-tos') return { kind: 'TOS', ...options.argument(given, tos) };
    const value = options.argument(given, u8);
    if (given.id === 'and-tos') return { kind: 'TOS', value: 0, mask: value ^ 0xff };
    return { kind: 'TOS', value, mask: given.id === 'or-tos' ? value : 0 };
  },
};
