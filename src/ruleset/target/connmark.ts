/**
 * -j CONNMARK. With s(x) = the bits shifted:
 * set: ctmark = s((ctmark & ~ctMask) ^ value); save: ctmark = (ctmark & ~ctMask) ^ s(mark & nfMask);
 * restore: mark = (mark & ~nfMask) ^ s(ctmark & ctMask). Kernel: xt_connmark.c, connmark_tg_shift.
 */
export interface ConnmarkTarget {
  readonly kind: 'CONNMARK';
  readonly mode: 'set' | 'save' | 'restore';
  readonly value: number;
  readonly ctMask: number;
  readonly nfMask: number;
  readonly shift: { readonly direction: 'left' | 'right'; readonly bits: number } | null;
}
