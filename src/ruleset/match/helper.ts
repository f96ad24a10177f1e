import type { Invertible } from '../values.ts';

/** -m helper; an empty name is any helper. */
export interface HelperMatch extends Invertible {
  readonly kind: 'helper';
  readonly name: string;
}
