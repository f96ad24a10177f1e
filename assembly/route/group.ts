/**
 * IPv6 multicast groups that the kernel itself joins on an interface; those that programs join are
 * not in a snapshot. (net/ipv6/addrconf.c, mcast.c; net/bridge/br_multicast.c.)
 */
import {
  ADDRESS_SIZE,
  FAMILY_V6,
  IFACE_BRIDGE,
  IFACE_FORWARDING_V6,
  SECTION_ADDRESS,
} from '../abi';
import { ifaceAt, sectionPtr } from '../host';
import { ADDRESS_LOCAL, Address } from '../image';

const INTERFACE: u32 = 1; // scopes
const LINK: u32 = 2;
const SITE: u32 = 5;
const ALL_NODES: u32 = 1;
const ALL_ROUTERS: u32 = 2;
const ALL_SNOOPERS: u32 = 0x6a;
const SOLICITED: u32 = 0x01000000; // bytes 8 to 11 of ff02::1:ff00:0/104, as loaded
const ANYCAST_UP_TO: u8 = 126; // longest prefix with a subnet-router address

/** fe80::/10 */
@inline
export function isLinkLocalV6(at: usize): bool {
  return load<u8>(at) == 0xfe && (load<u8>(at, 1) & 0xc0) == 0x80;
}

/** ff00::/8 */
@inline
export function isMulticastV6(at: usize): bool {
  return load<u8>(at) == 0xff;
}

/** ::1 */
export function isLoopbackV6(at: usize): bool {
  return load<u64>(at) == 0 && load<u64>(at, 8) == 0x0100000000000000;
}

/** Whether interface `id` listens to the multicast group at `group` (16 bytes). */
export function isJoinedV6(id: u32, group: usize): bool {
  const scope = <u32>load<u8>(group, 1);
  if (load<u8>(group, 1) >> 4 != 0) return false; // not one of the permanent groups
  const iface = ifaceAt(id);
  const routes = (iface.flags & IFACE_FORWARDING_V6) != 0;
  if ((load<u64>(group) >> 16) == 0 && load<u32>(group, 8) == 0 && load<u16>(group, 12) == 0) {
    const number = <u32>bswap<u16>(load<u16>(group, 14));
    const near = scope == LINK || scope == INTERFACE;
    if (near && number == ALL_NODES) return true;
    if (scope == LINK && number == ALL_SNOOPERS) return iface.kind == IFACE_BRIDGE;
    return number == ALL_ROUTERS && routes && (near || scope == SITE);
  }
  return scope == LINK && isSolicited(id, group, routes);
}

/** ff02::1:ffXX:XXXX of the interface's addresses and, on a router, of its subnets' anycast. */
function isSolicited(id: u32, group: usize, routes: bool): bool {
  if (load<u64>(group) >> 16 != 0 || load<u32>(group, 8) != SOLICITED) return false;
  if (load<u8>(group, 12) != 0xff) return false;
  const wanted = load<u32>(group, 12) & 0xffffff00; // three bytes, behind ff
  const iface = ifaceAt(id);
  for (let k: u32 = 0; k < <u32>iface.addressCount; k++) {
    const at = sectionPtr(SECTION_ADDRESS) + <usize>(<u32>iface.firstAddress + k) * ADDRESS_SIZE;
    const a = changetype<Address>(at);
    if (a.family != FAMILY_V6) continue;
    if ((load<u32>(at + ADDRESS_LOCAL, 12) & 0xffffff00) == wanted) return true;
    if (!routes || a.prefixLen > ANYCAST_UP_TO) continue;
    const host = a.prefixLen > 104 ? <u32>128 - a.prefixLen : 24; // bits below the prefix, of 24
    const low = bswap<u32>(load<u32>(at + ADDRESS_LOCAL, 12)) & 0xffffff;
    if (((low >> host) << host) == (bswap<u32>(load<u32>(group, 12)) & 0xffffff)) return true;
  }
  return false;
}
