import type { MaskedValue } from '../values.ts';

/** -j MARK: mark = (mark & ~mask) ^ value, to which every option of MARK reduces. */
export interface MarkTarget extends MaskedValue {
  readonly kind: 'MARK';
}
