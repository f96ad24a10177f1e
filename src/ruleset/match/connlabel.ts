import type { Invertible } from '../values.ts';

/** -m connlabel */
export interface ConnlabelMatch extends Invertible {
  readonly kind: 'connlabel';
  readonly label: number;
  readonly set: boolean;
}
