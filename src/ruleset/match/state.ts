import { type Extension, VALUE_OR_NOT } from '../extension.ts';
import type { CtStates } from './conntrack.ts';
import { ctStates } from './conntrack.ts';

/** -m state: conntrack's states under the old name. */
export interface StateMatch extends CtStates {
  readonly kind: 'state';
}

export const stateExtension: Extension<StateMatch> = {
  name: 'state',
  options: { state: VALUE_OR_NOT },
  read: (options) => ({
    kind: 'state',
    ...options.required('state', ctStates),
    invert: options.need('state').invert,
  }),
};
