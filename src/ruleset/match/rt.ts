import type { Address, Invertible, RangeMatch } from '../values.ts';

/** -m rt (IPv6): routing header. */
export interface RtMatch {
  readonly kind: 'rt';
  readonly type: ({ readonly value: number } & Invertible) | null;
  readonly segmentsLeft: RangeMatch | null;
  readonly length: ({ readonly value: number } & Invertible) | null;
  readonly reservedZero: boolean;
  readonly addresses: readonly Address[];
  /** The addresses need not follow each other. */
  readonly notStrict: boolean;
}
