import { type Extension, VALUE_OR_NOT } from '../extension.ts';
import { text, u32 } from '../readers.ts';
import type { Invertible } from '../values.ts';

/** -m cgroup: by class id or by path. */
export interface CgroupMatch extends Invertible {
  readonly kind: 'cgroup';
  readonly classId: number | null;
  readonly path: string | null;
}

export const cgroupExtension: Extension<CgroupMatch> = {
  name: 'cgroup',
  options: { path: VALUE_OR_NOT, cgroup: VALUE_OR_NOT },
  read: (options) => {
    const given = options.needOneOf(['path', 'cgroup']);
    return {
      kind: 'cgroup',
      classId: options.value('cgroup', u32, null),
      path: options.value('path', text, null),
      invert: given.invert,
    };
  },
};
