import type { RangeMatch } from '../values.ts';

/** -m owner */
export interface OwnerMatch {
  readonly kind: 'owner';
  readonly uid: RangeMatch | null;
  readonly gid: RangeMatch | null;
  /** true: asked, false: asked with `!`, null: not asked. */
  readonly socketExists: boolean | null;
  readonly supplementaryGroups: boolean;
}
