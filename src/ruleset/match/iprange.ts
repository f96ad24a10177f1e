import { type Extension, VALUE_OR_NOT } from '../extension.ts';
import { addressRange } from '../readers.ts';
import type { AddressRangeMatch } from '../values.ts';

/** -m iprange */
export interface IprangeMatch {
  readonly kind: 'iprange';
  readonly src: AddressRangeMatch | null;
  readonly dst: AddressRangeMatch | null;
}

export const iprangeExtension: Extension<IprangeMatch> = {
  name: 'iprange',
  options: { 'src-range': VALUE_OR_NOT, 'dst-range': VALUE_OR_NOT },
  read: (options) => {
    const match: IprangeMatch = {
      kind: 'iprange',
      src: options.inverted('src-range', addressRange),
      dst: options.inverted('dst-range', addressRange),
    };
    if (match.src === null && match.dst === null) {
      throw options.fault('--src-range or --dst-range is missing');
    }
    return match;
  },
};
