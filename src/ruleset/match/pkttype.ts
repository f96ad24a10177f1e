import type { Invertible } from '../values.ts';

/** -m pkttype */
export interface PkttypeMatch extends Invertible {
  readonly kind: 'pkttype';
  readonly type: 'unicast' | 'broadcast' | 'multicast';
}
