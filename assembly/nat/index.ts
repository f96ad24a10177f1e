/** Network address translation, on top of connection tracking. */
import { attachChoose } from './choose';
import { attachRange } from './range';
import { attachSetup } from './setup';

export { outChanged, translate } from './manip';
export { natChosen, natInitialized, nullBinding, setupTarget } from './setup';

/** Prepares this worker's NAT. False when memory runs out. */
export function attachNat(): bool {
  attachSetup();
  return attachChoose() && attachRange();
}
