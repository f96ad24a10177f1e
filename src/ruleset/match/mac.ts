import type { Invertible, MacAddress } from '../values.ts';

/** -m mac */
export interface MacMatch extends Invertible {
  readonly kind: 'mac';
  readonly source: MacAddress;
}
