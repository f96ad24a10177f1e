/** Connection tracking. Builds on wire and host and knows nothing of rules; NAT builds on it. */
import { attachBySource } from './by-source';
import { attachTable, find } from './table';
import { attachTimeouts } from './timeout';
import { attachTrack } from './track';

export { connDump, preloadConnections } from './known';
export { countLive, foundDir, kill, nextLive, tableFull } from './table';
export { setTcpClosing } from './tcp';
export {
  confirm,
  connectionsConfirmed,
  connectionsPickedUp,
  findReplied,
  release,
  trackPacket,
} from './track';

/** Prepares this worker's connections for the attached host. False when memory runs out. */
export function attachConntrack(): bool {
  attachTrack();
  return attachTable() && attachBySource() && attachTimeouts();
}

/**
 * The connection that a packet with this tuple belongs to at time `now`, or 0; foundDir() is then
 * the packet's direction. Ports as in Conn: for ICMP the id and type << 8 | code.
 */
export function findConn(
  family: u32,
  proto: u32,
  src: u32,
  dst: u32,
  sport: u32,
  dport: u32,
  zone: u32,
  now: u64,
): usize {
  return find(family, proto, src, dst, sport, dport, zone, now);
}
