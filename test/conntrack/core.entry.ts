/** What the tests of connection tracking and NAT drive; compiled by harness.ts. */
import { attachHost } from '../../assembly/host';
import { attachConntrack } from '../../assembly/conntrack/index';
import { attachNat } from '../../assembly/nat/index';
import { Conn } from '../../assembly/conntrack/conn';
import { Packet } from '../../assembly/packet';

export { allocate } from '../../assembly/memory';
export { internImageAddress, writeAddress } from '../../assembly/address';
export { confirm, connDump, countLive, findConn, findReplied, foundDir, preloadConnections, release, trackPacket } from '../../assembly/conntrack/index';
export { setTcpClosing, tableFull, connectionsConfirmed, connectionsPickedUp } from '../../assembly/conntrack/index';
export { natChosen, natInitialized, nullBinding, outChanged, setupTarget, translate } from '../../assembly/nat/index';

export function attach(image: usize): bool {
  return attachHost(image) && attachConntrack() && attachNat();
}
export const packetSize: usize = offsetof<Packet>();
export const connSize: usize = offsetof<Conn>();
