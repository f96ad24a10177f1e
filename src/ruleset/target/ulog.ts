import { type Extension, VALUE } from '../extension.ts';
import { shortText, u32, unsigned } from '../readers.ts';

/** -j ULOG (gone from kernels since 3.17). */
export interface UlogTarget {
  readonly kind: 'ULOG';
  readonly group: number;
  readonly prefix: string;
  readonly copyRange: number;
  readonly queueThreshold: number;
}

export const ulogExtension: Extension<UlogTarget> = {
  name: 'ULOG',
  family: 4,
  options: {
    'ulog-nlgroup': VALUE,
    'ulog-prefix': VALUE,
    'ulog-cprange': VALUE,
    'ulog-qthreshold': VALUE,
  },
  read: (options) => ({
    kind: 'ULOG',
    group: options.value('ulog-nlgroup', unsigned(32, 1), 1),
    prefix: options.value('ulog-prefix', shortText(256, 1), ''),
    copyRange: options.value('ulog-cprange', u32, 0),
    queueThreshold: options.value('ulog-qthreshold', unsigned(50, 1), 1),
  }),
};
