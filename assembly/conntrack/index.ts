/** Connection tracking. Builds on wire and host and knows nothing of rules; NAT builds on it. */
import { attachBySource } from './by-source';
import { attachEstablished } from './established';
import { attachMappings } from './mapping';
import { attachTable } from './table';
import { attachTimeouts } from './timeout';
import { attachTrack } from './track';

export { bucketOf } from './tuple-index';
export { connDump, movesOwner, preloadConnections, preloadMovesOwner } from './known';
export { foundDir, hashAhead, hashRecord, kill, refOf, tableFull } from './table';
export { isPickUp, isStart, isUnknown, start } from './started';
export { closeRejected } from './tcp';
export {
  confirm,
  findReplied,
  isReplyFree,
  release,
  trackPacket,
} from './track';

/** Prepares this worker's connections for the attached host. False when memory runs out. */
export function attachConntrack(): bool {
  attachTrack();
  if (!attachTable() || !attachMappings() || !attachBySource()) return false;
  if (!attachTimeouts()) return false;
  attachEstablished();
  return true;
}
