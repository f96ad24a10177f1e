import { type Extension, FLAG, VALUE } from '../extension.ts';
import { u16, unsigned } from '../readers.ts';

/** -j SYNPROXY */
export interface SynproxyTarget {
  readonly kind: 'SYNPROXY';
  readonly mss: number | null;
  readonly wscale: number | null;
  readonly sackPerm: boolean;
  readonly timestamp: boolean;
  readonly ecn: boolean;
}

export const synproxyExtension: Extension<SynproxyTarget> = {
  name: 'SYNPROXY',
  protocols: [6],
  options: { 'sack-perm': FLAG, timestamp: FLAG, wscale: VALUE, mss: VALUE, ecn: FLAG },
  read: (options) => ({
    kind: 'SYNPROXY',
    mss: options.value('mss', u16, null),
    wscale: options.value('wscale', unsigned(14), null),
    sackPerm: options.has('sack-perm'),
    timestamp: options.has('timestamp'),
    ecn: options.has('ecn'),
  }),
};
