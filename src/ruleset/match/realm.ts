import { type Extension, VALUE_OR_NOT } from '../extension.ts';
import { mark } from '../readers.ts';
import type { Invertible, MaskedValue } from '../values.ts';

/** -m realm */
export interface RealmMatch extends Invertible, MaskedValue {
  readonly kind: 'realm';
}

/** Realm names are in the host's rt_realms, which a saved rule set does not contain. */
export const realmExtension: Extension<RealmMatch> = {
  name: 'realm',
  family: 4,
  options: { realm: VALUE_OR_NOT },
  read: (options) => ({
    kind: 'realm',
    ...options.required('realm', mark),
    invert: options.need('realm').invert,
  }),
};
