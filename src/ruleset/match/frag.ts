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
