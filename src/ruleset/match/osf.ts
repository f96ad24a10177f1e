import type { Invertible } from '../values.ts';

/** -m osf */
export interface OsfMatch extends Invertible {
  readonly kind: 'osf';
  readonly genre: string;
  /** 0 true, 1 less, 2 no TTL check. */
  readonly ttl: number | null;
  readonly log: number | null;
}
