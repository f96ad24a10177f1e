import type { Invertible, NumberRange } from '../values.ts';

/** -m icmp and -m icmp6 */
export interface IcmpMatch extends Invertible {
  readonly kind: 'icmp' | 'icmp6';
  /** null: any. */
  readonly type: number | null;
  readonly codes: NumberRange;
}
