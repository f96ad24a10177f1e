/** Network address translation, on top of connection tracking. */
import { attachChoose } from './choose';
import { attachRange } from './range';

export { adoptMapping, leavesAs, spansOwners } from './adopt';
export { outChanged, translate } from './manip';
export { GIVEN_DPORT, GIVEN_DST, natInitialized, nullBinding, setupTarget } from './setup';

/** Prepares this worker's NAT. False when memory runs out. */
export function attachNat(): bool {
  return attachChoose() && attachRange();
}
