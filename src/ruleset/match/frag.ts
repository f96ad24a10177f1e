import { type Extension, FLAG, VALUE_OR_NOT } from '../extension.ts';
import { asValue, MAX_U32, u32, unsignedRange } from '../readers.ts';
import type { Invertible, RangeMatch } from '../values.ts';

/** -m frag (IPv6) */
export interface FragMatch {
  readonly kind: 'frag';
  readonly ids: RangeMatch;
  readonly length: ({ readonly value: number } & Invertible) | null;
  readonly reservedZero: boolean;
  readonly first: boolean;
  /** `--fragmore` true, `--fraglast` false. */
  readonly more: boolean | null;
}

export const fragExtension: Extension<FragMatch> = {
  name: 'frag',
  family: 6,
  options: {
    fragid: VALUE_OR_NOT,
    fraglen: VALUE_OR_NOT,
    fragres: FLAG,
    fragfirst: FLAG,
    fragmore: FLAG,
    fraglast: FLAG,
  },
  read: (options) => {
    const more = options.oneOf(['fragmore', 'fraglast']);
    return {
      kind: 'frag',
      ids: options.inverted('fragid', unsignedRange(MAX_U32)) ?? {
        min: 0,
        max: MAX_U32,
        invert: false,
      },
      length: options.inverted('fraglen', asValue(u32)),
      reservedZero: options.has('fragres'),
      first: options.has('fragfirst'),
      more: more === undefined ? null : more.id === 'fragmore',
    };
  },
};
