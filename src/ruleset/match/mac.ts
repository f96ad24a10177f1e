import { type Extension, VALUE_OR_NOT } from '../extension.ts';
import { mac } from '../readers.ts';
import type { Invertible, MacAddress } from '../values.ts';

/** -m mac */
export interface MacMatch extends Invertible {
  readonly kind: 'mac';
  readonly source: MacAddress;
}

export const macExtension: Extension<MacMatch> = {
  name: 'mac',
  options: { 'mac-source': VALUE_OR_NOT },
  read: (options) => ({
    kind: 'mac',
    source: options.required('mac-source', mac),
    invert: options.need('mac-source').invert,
  }),
};
