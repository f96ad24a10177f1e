import { addressBits, prefixMask } from '../address.ts';
import { type Extension, FLAG, FLAG_OR_NOT, VALUE } from '../extension.ts';
import { address, MAX_U32, shortText, unsigned } from '../readers.ts';
import type { Address, Invertible } from '../values.ts';

/** -m recent */
export interface RecentMatch extends Invertible {
  readonly kind: 'recent';
  readonly name: string;
  readonly action: 'set' | 'rcheck' | 'update' | 'remove';
  readonly side: 'source' | 'destination';
  readonly mask: Address;
  /** 0: any age. */
  readonly seconds: number;
  readonly reap: boolean;
  /** 0: any number. */
  readonly hitcount: number;
  readonly checkTtl: boolean;
}

const MAX_HITCOUNT = 65535; // XT_RECENT_MAX_NSTAMPS - 1
const ACTIONS = ['set', 'rcheck', 'update', 'remove'] as const;

export const recentExtension: Extension<RecentMatch> = {
  name: 'recent',
  options: {
    set: FLAG_OR_NOT,
    rcheck: FLAG_OR_NOT,
    update: FLAG_OR_NOT,
    remove: FLAG_OR_NOT,
    seconds: VALUE,
    reap: FLAG,
    hitcount: VALUE,
    rttl: FLAG,
    name: VALUE,
    rsource: FLAG,
    rdest: FLAG,
    mask: VALUE,
  },
  read: (options) => {
    const { family } = options.context;
    const given = options.needOneOf(ACTIONS);
    if (options.has('reap') && !options.has('seconds')) {
      throw options.fault('--reap needs --seconds');
    }
    if (options.has('rttl') && (given.id === 'set' || given.id === 'remove')) {
      throw options.fault('--rttl needs --rcheck or --update');
    }
    // The last of --rsource and --rdest counts.
    const side = options.occurrences.findLast(({ id }) => id === 'rsource' || id === 'rdest');
    return {
      kind: 'recent',
      name: options.value('name', shortText(199, 1), 'DEFAULT'),
      action: given.id as RecentMatch['action'],
      invert: given.invert,
      side: side?.id === 'rdest' ? 'destination' : 'source',
      mask: options.value('mask', address, prefixMask(addressBits(family), family)),
      seconds: options.value('seconds', unsigned(MAX_U32, 1), 0),
      reap: options.has('reap'),
      hitcount: options.value('hitcount', unsigned(MAX_HITCOUNT), 0),
      checkTtl: options.has('rttl'),
    };
  },
};
