import type { Invertible, NumberRange } from '../values.ts';

/** -m multiport */
export interface MultiportMatch extends Invertible {
  readonly kind: 'multiport';
  readonly side: 'source' | 'destination' | 'either';
  readonly ports: readonly NumberRange[];
}
