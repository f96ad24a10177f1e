import { type Extension, FLAG, VALUE, VALUE_OR_NOT } from '../extension.ts';
import { address, asValue, listOf, MAX_U32, u32, unsignedRange } from '../readers.ts';
import type { Address, Invertible, RangeMatch } from '../values.ts';

/** -m rt (IPv6): routing header. */
export interface RtMatch {
  readonly kind: 'rt';
  readonly type: ({ readonly value: number } & Invertible) | null;
  readonly segmentsLeft: RangeMatch | null;
  readonly length: ({ readonly value: number } & Invertible) | null;
  readonly reservedZero: boolean;
  readonly addresses: readonly Address[];
  /** The addresses need not follow each other. */
  readonly notStrict: boolean;
}

const MAX_ADDRESSES = 16; // IP6T_RT_HOPS

export const rtExtension: Extension<RtMatch> = {
  name: 'rt',
  family: 6,
  options: {
    'rt-type': VALUE_OR_NOT,
    'rt-segsleft': VALUE_OR_NOT,
    'rt-len': VALUE_OR_NOT,
    'rt-0-res': FLAG,
    'rt-0-addrs': VALUE,
    'rt-0-not-strict': FLAG,
  },
  read: (options) => {
    const match: RtMatch = {
      kind: 'rt',
      type: options.inverted('rt-type', asValue(u32)),
      segmentsLeft: options.inverted('rt-segsleft', unsignedRange(MAX_U32)),
      length: options.inverted('rt-len', asValue(u32)),
      reservedZero: options.has('rt-0-res'),
      addresses: options.value('rt-0-addrs', listOf(address), []),
      notStrict: options.has('rt-0-not-strict'),
    };
    const typeZero = match.type !== null && match.type.value === 0 && !match.type.invert;
    if ((match.reservedZero || match.addresses.length > 0) && !typeZero) {
      throw options.fault('--rt-0-res and --rt-0-addrs need --rt-type 0');
    }
    if (match.addresses.length > MAX_ADDRESSES) {
      throw options.fault(`at most ${MAX_ADDRESSES} addresses`);
    }
    return match;
  },
};
