import { type Extension, FLAG, VALUE_OR_NOT } from '../extension.ts';
import { MAX_U32, unsignedRange } from '../readers.ts';
import type { RangeMatch } from '../values.ts';

/** -m ipcomp */
export interface IpcompMatch {
  readonly kind: 'ipcomp';
  readonly cpis: RangeMatch;
  readonly reservedZero: boolean;
}

export const ipcompExtension: Extension<IpcompMatch> = {
  name: 'ipcomp',
  protocols: [108],
  options: { ipcompspi: VALUE_OR_NOT, compres: FLAG },
  read: (options) => ({
    kind: 'ipcomp',
    cpis: options.inverted('ipcompspi', unsignedRange(MAX_U32)) ?? {
      min: 0,
      max: MAX_U32,
      invert: false,
    },
    reservedZero: options.has('compres'),
  }),
};
