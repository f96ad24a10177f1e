import { addressBits, prefixMask } from '../address.ts';
import { type Extension, FLAG, VALUE, VALUE_OR_NOT } from '../extension.ts';
import { prefixLenMask, u32 } from '../readers.ts';
import type { Address } from '../values.ts';

/** -m connlimit */
export interface ConnlimitMatch {
  readonly kind: 'connlimit';
  readonly limit: number;
  /** Match above the limit (`--connlimit-above`), or at and below it (`--connlimit-upto`). */
  readonly when: 'above' | 'upto';
  readonly mask: Address;
  readonly side: 'source' | 'destination';
}

export const connlimitExtension: Extension<ConnlimitMatch> = {
  name: 'connlimit',
  options: {
    'connlimit-upto': VALUE_OR_NOT,
    'connlimit-above': VALUE_OR_NOT,
    'connlimit-mask': VALUE,
    'connlimit-saddr': FLAG,
    'connlimit-daddr': FLAG,
  },
  read: (options) => {
    const { family } = options.context;
    const given = options.needOneOf(['connlimit-upto', 'connlimit-above']);
    const side = options.oneOf(['connlimit-saddr', 'connlimit-daddr']);
    return {
      kind: 'connlimit',
      limit: options.argument(given, u32),
      when: (given.id === 'connlimit-above') !== given.invert ? 'above' : 'upto',
      mask: options.value('connlimit-mask', prefixLenMask, prefixMask(addressBits(family), family)),
      side: side?.id === 'connlimit-daddr' ? 'destination' : 'source',
    };
  },
};
