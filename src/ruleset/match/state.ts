import type { CtStates } from './conntrack.ts';

/** -m state: conntrack's states under the old name. */
export interface StateMatch extends CtStates {
  readonly kind: 'state';
}
