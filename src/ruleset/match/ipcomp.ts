import type { RangeMatch } from '../values.ts';

/** -m ipcomp */
export interface IpcompMatch {
  readonly kind: 'ipcomp';
  readonly cpis: RangeMatch;
  readonly reservedZero: boolean;
}
