import { type Extension, FLAG } from '../extension.ts';

/** -j CHECKSUM --checksum-fill */
export interface ChecksumTarget {
  readonly kind: 'CHECKSUM';
}

export const checksumExtension: Extension<ChecksumTarget> = {
  name: 'CHECKSUM',
  tables: ['mangle'],
  options: { 'checksum-fill': FLAG },
  read: (options) => {
    options.need('checksum-fill');
    return { kind: 'CHECKSUM' };
  },
};
