import { type Extension, VALUE } from '../extension.ts';
import { shortText, u16, u32 } from '../readers.ts';

/** -j NFLOG */
export interface NflogTarget {
  readonly kind: 'NFLOG';
  readonly group: number;
  readonly prefix: string;
  /** Bytes copied; null: all. */
  readonly size: number | null;
  readonly threshold: number;
}

export const nflogExtension: Extension<NflogTarget> = {
  name: 'NFLOG',
  options: {
    'nflog-group': VALUE,
    'nflog-prefix': VALUE,
    'nflog-range': VALUE,
    'nflog-size': VALUE,
    'nflog-threshold': VALUE,
  },
  read: (options) => {
    const size = options.oneOf(['nflog-range', 'nflog-size']);
    return {
      kind: 'NFLOG',
      group: options.value('nflog-group', u16, 0),
      prefix: options.value('nflog-prefix', shortText(256, 1), ''),
      size: size === undefined ? null : options.argument(size, u32),
      threshold: options.value('nflog-threshold', u16, 0),
    };
  },
};
