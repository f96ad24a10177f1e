/** Connection tracking. Builds on wire and host and knows nothing of rules; NAT builds on it. */
import { attachBySource } from './by-source';
import { attachTable } from './table';
import { attachTimeouts } from './timeout';
import { attachTrack } from './track';

export { connDump, movesOwner, preloadConnections, preloadMovesOwner } from './known';
export { foundDir, kill, refAhead, tableFull } from './table';
export { setTcpClosing } from './tcp';
export {
  confirm,
  findReplied,
  release,
  trackPacket,
} from './track';

/** Prepares this worker's connections for the attached host. False when memory runs out. */
export function attachConntrack(): bool {
  attachTrack();
  return attachTable() && attachBySource() && attachTimeouts();
}
