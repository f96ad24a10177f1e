import type { AddressRangeMatch } from '../values.ts';

/** -m iprange */
export interface IprangeMatch {
  readonly kind: 'iprange';
  readonly src: AddressRangeMatch | null;
  readonly dst: AddressRangeMatch | null;
}
