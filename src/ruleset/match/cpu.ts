import { type Extension, VALUE_OR_NOT } from '../extension.ts';
import { u32 } from '../readers.ts';
import type { Invertible } from '../values.ts';

/** -m cpu */
export interface CpuMatch extends Invertible {
  readonly kind: 'cpu';
  readonly cpu: number;
}

export const cpuExtension: Extension<CpuMatch> = {
  name: 'cpu',
  options: { cpu: VALUE_OR_NOT },
  read: (options) => ({
    kind: 'cpu',
    cpu: options.required('cpu', u32),
    invert: options.need('cpu').invert,
  }),
};
