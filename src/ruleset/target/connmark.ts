import { type Extension, FLAG, type Options, VALUE } from '../extension.ts';
import { MAX_U32, u32, unsigned } from '../readers.ts';
import { MARK_OPTIONS, markChange } from './mark.ts';

/**
 * -j CONNMARK. With s(x) = the bits shifted:
 * set: ctmark = s((ctmark & ~ctMask) ^ value);
 * save: ctmark = (ctmark & ~ctMask) ^ s(mark & nfMask);
 * restore: mark = (mark & ~nfMask) ^ s(ctmark & ctMask).
 * Kernel: xt_connmark.c, connmark_tg_shift.
 */
export interface ConnmarkTarget {
  readonly kind: 'CONNMARK';
  readonly mode: 'set' | 'save' | 'restore';
  readonly value: number;
  readonly ctMask: number;
  readonly nfMask: number;
  readonly shift: { readonly direction: 'left' | 'right'; readonly bits: number } | null;
}

function shift(options: Options): ConnmarkTarget['shift'] {
  const given = options.oneOf(['left-shift-mark', 'right-shift-mark']);
  if (given === undefined) return null;
  const direction = given.id === 'left-shift-mark' ? 'left' : 'right';
  return { direction, bits: options.argument(given, unsigned(32)) };
}

export const connmarkTargetExtension: Extension<ConnmarkTarget> = {
  name: 'CONNMARK',
  options: {
    ...Object.fromEntries(MARK_OPTIONS.map((name) => [name, VALUE])),
    'save-mark': FLAG,
    'restore-mark': FLAG,
    'left-shift-mark': VALUE,
    'right-shift-mark': VALUE,
    ctmask: VALUE,
    nfmask: VALUE,
    mask: VALUE,
  },
  read: (options) => {
    const given = options.needOneOf([...MARK_OPTIONS, 'save-mark', 'restore-mark']);
    const both = options.value('mask', u32, MAX_U32);
    const change = markChange(options);
    return {
      kind: 'CONNMARK',
      mode: change !== null ? 'set' : given.id === 'save-mark' ? 'save' : 'restore',
      value: change?.value ?? 0,
      ctMask: change?.mask ?? options.value('ctmask', u32, both),
      nfMask: options.value('nfmask', u32, both),
      shift: shift(options),
    };
  },
};
