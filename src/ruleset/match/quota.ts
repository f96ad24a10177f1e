import { type Extension, VALUE_OR_NOT } from '../extension.ts';
import { u64 } from '../readers.ts';
import type { Invertible } from '../values.ts';

/** -m quota */
export interface QuotaMatch extends Invertible {
  readonly kind: 'quota';
  readonly bytes: bigint;
}

export const quotaExtension: Extension<QuotaMatch> = {
  name: 'quota',
  options: { quota: VALUE_OR_NOT },
  read: (options) => ({
    kind: 'quota',
    bytes: options.required('quota', u64),
    invert: options.need('quota').invert,
  }),
};
