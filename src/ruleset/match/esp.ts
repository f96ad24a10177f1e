import { type Extension, VALUE_OR_NOT } from '../extension.ts';
import { MAX_U32, unsignedRange } from '../readers.ts';
import type { RangeMatch } from '../values.ts';

/** -m esp */
export interface EspMatch {
  readonly kind: 'esp';
  readonly spis: RangeMatch;
}

export const espExtension: Extension<EspMatch> = {
  name: 'esp',
  protocols: [50],
  options: { espspi: VALUE_OR_NOT },
  read: (options) => ({
    kind: 'esp',
    spis: options.inverted('espspi', unsignedRange(MAX_U32)) ?? {
      min: 0,
      max: MAX_U32,
      invert: false,
    },
  }),
};
