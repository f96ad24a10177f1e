import {
  type Argument,
  type Extension,
  FLAG,
  type RuleContext,
  VALUE_OR_NOT,
} from '../extension.ts';
import { listOf, prefixOf } from '../readers.ts';
import type { Invertible } from '../values.ts';

export type AddressType =
  | 'UNSPEC'
  | 'UNICAST'
  | 'LOCAL'
  | 'BROADCAST'
  | 'ANYCAST'
  | 'MULTICAST'
  | 'BLACKHOLE'
  | 'UNREACHABLE'
  | 'PROHIBIT'
  | 'THROW'
  | 'NAT'
  | 'XRESOLVE';

export interface AddressTypes extends Invertible {
  readonly values: readonly AddressType[];
}

/** -m addrtype */
export interface AddrtypeMatch {
  readonly kind: 'addrtype';
  readonly srcTypes: AddressTypes | null;
  readonly dstTypes: AddressTypes | null;
  /** Addresses of the in- (out-) interface alone count as LOCAL and so on. */
  readonly limitIn: boolean;
  readonly limitOut: boolean;
}

const TYPES: readonly AddressType[] = [
  'UNSPEC',
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'ANYCAST',
  'MULTICAST',
  'BLACKHOLE',
  'UNREACHABLE',
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
];

function types(arg: Argument, context: RuleContext): { values: AddressType[] } {
  return { values: listOf(prefixOf(TYPES))(arg, context) };
}

export const addrtypeExtension: Extension<AddrtypeMatch> = {
  name: 'addrtype',
  options: {
    'src-type': VALUE_OR_NOT,
    'dst-type': VALUE_OR_NOT,
    'limit-iface-in': FLAG,
    'limit-iface-out': FLAG,
  },
  read: (options) => {
    const match: AddrtypeMatch = {
      kind: 'addrtype',
      srcTypes: options.inverted('src-type', types),
      dstTypes: options.inverted('dst-type', types),
      limitIn: options.has('limit-iface-in'),
      limitOut: options.has('limit-iface-out'),
    };
    options.oneOf(['limit-iface-in', 'limit-iface-out']);
    if (match.srcTypes === null && match.dstTypes === null) {
      throw options.fault('--src-type or --dst-type is missing');
    }
    return match;
  },
};
