import type { Invertible } from '../values.ts';

/** -m cgroup: by class id or by path. */
export interface CgroupMatch extends Invertible {
  readonly kind: 'cgroup';
  readonly classId: number | null;
  readonly path: string | null;
}
