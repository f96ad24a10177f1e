import type { Invertible, MaskedValue } from '../values.ts';

/** -m realm */
export interface RealmMatch extends Invertible, MaskedValue {
  readonly kind: 'realm';
}
