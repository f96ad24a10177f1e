import { type Extension, type Options, VALUE } from '../extension.ts';
import { MAX_U32, mark, u32 } from '../readers.ts';
import type { MaskedValue } from '../values.ts';

/** -j MARK: mark = (mark & ~mask) ^ value, to which every option of MARK reduces. */
export interface MarkTarget extends MaskedValue {
  readonly kind: 'MARK';
}

/** Options that change a mark; what they have in common is (old & ~mask) ^ value. */
export const MARK_OPTIONS = ['set-xmark', 'set-mark', 'and-mark', 'or-mark', 'xor-mark'] as const;

/** The arithmetic of the one option among MARK_OPTIONS that is given; null if there is none. */
export function markChange(options: Options): MaskedValue | null {
  const given = options.oneOf(MARK_OPTIONS);
  if (given === undefined) return null;
  switch (given.id as (typeof MARK_OPTIONS)[number]) {
    case 'set-xmark':
      return options.argument(given, mark);
    case 'set-mark': {
      const { value, mask } = options.argument(given, mark);
      return { value, mask: (value | mask) >>> 0 };
    }
    case 'and-mark':
      return { value: 0, mask: (options.argument(given, u32) ^ MAX_U32) >>> 0 };
    case 'or-mark': {
      const value = options.argument(given, u32);
      return { value, mask: value };
    }
    case 'xor-mark':
      return { value: options.argument(given, u32), mask: 0 };
  }
}

export const markTargetExtension: Extension<MarkTarget> = {
  name: 'MARK',
  options: Object.fromEntries(MARK_OPTIONS.map((name) => [name, VALUE])),
  read: (options) => {
    const change = markChange(options);
    if (change === null) throw options.fault('an option such as --set-xmark is missing');
    return { kind: 'MARK', ...change };
  },
};
