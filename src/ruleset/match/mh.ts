import type { RangeMatch } from '../values.ts';

/** -m mh (IPv6): mobility header type. */
export interface MhMatch {
  readonly kind: 'mh';
  readonly types: RangeMatch | null;
}
