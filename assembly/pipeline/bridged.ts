/**
 * Frames that come in by a bridge port (net/bridge/br_input.c, br_forward.c, br_netfilter_hooks.c):
 * up to the host, to another port, or to all of them, with the IP hooks where br_netfilter calls.
 */
import {
  CT_INVALID,
  FAMILY_V4,
  FRAME_ETHERNET,
  FRAME_VLAN,
  IFACE_HAIRPIN,
  IFACE_IN_CAPTURE,
  IFACE_NF_CALL_IP6TABLES,
  IFACE_NF_CALL_IPTABLES,
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
  PATH_BRIDGE,
  REASON_NO_PORT,
  REASON_NO_RULES,
  REASON_OTHERHOST,
  ROUTE_UNICAST,
  SYSCTL_BRIDGE_CALL_IP6TABLES,
  SYSCTL_BRIDGE_CALL_IPTABLES,
  SYSCTL_BRIDGE_FILTER_VLAN,
  VERDICT_ACCEPT,
  VERDICT_DROP,
  VERDICT_NONE,
} from '../abi';
import { internImageAddress, v6Bytes, writeAddress } from '../address';
import { fdbPort, macAt } from '../bridge/fdb';
import { neighbourMac } from '../bridge/neighbour';
import { ifaceAt, ifaceCount, sysctl } from '../host';
import { Iface, ROUTE_GATEWAY, Route } from '../image';
import { allocate } from '../memory';
import { Packet } from '../packet';
import { fibLookup, routeIface } from '../route/fib';
import { isMulticastV6 } from '../route/group';
import {
  isAcceptableV6,
  ROUTED_DROP,
  ROUTED_LOCAL,
  routeInput,
  routeOut,
  routeReason,
} from '../route/input';
import { isPriorityTag, vlanDevice } from '../vlan';
import { takeCached } from './cached';
import { confirmConn, forwardHook, postroutingHook, preroutingRaw, preroutingRest } from './hooks';
import { Outcome, outcome, TOWARDS_HOST, TOWARDS_MANY, TOWARDS_PORT } from './outcome';
import { dropMartian, receive, routeOnwards } from './routed';

const MAC_BYTES: usize = 6;
const TO_HOST: u32 = 0xffff; // the bridge itself
const TO_ALL: u32 = 0; // not in the forwarding database
const TO_GROUP: u32 = 0xfffe; // broadcast or multicast: all ports and the host
const TO_SOMEWHERE: u32 = 0xfffd; // a port of this bridge that the capture does not tell

const PACKET_ROOM: usize = 256; // more than a Packet, and than an Outcome

let copy: usize = 0; // the packet as it was before a flood
let scratch: usize = 0;

export function attachBridged(): bool {
  copy = allocate(PACKET_ROOM * 3);
  scratch = allocate(16);
  return scratch != 0;
}

/** Whether br_netfilter hands this bridge's frames to ip(6)tables. */
export function callsIptables(p: Packet, bridge: u32): bool {
  if (p.flags & FRAME_VLAN && !sysctl(SYSCTL_BRIDGE_FILTER_VLAN)) return false;
  const flags = ifaceAt(bridge).flags;
  if (p.family == FAMILY_V4) {
    return sysctl(SYSCTL_BRIDGE_CALL_IPTABLES) != 0 || (flags & IFACE_NF_CALL_IPTABLES) != 0;
  }
  return sysctl(SYSCTL_BRIDGE_CALL_IP6TABLES) != 0 || (flags & IFACE_NF_CALL_IP6TABLES) != 0;
}

/** Where the frame's destination MAC leads; without one, where its IP destination must be. */
function destination(p: Packet, bridge: u32): u32 {
  if (p.flags & FRAME_ETHERNET) {
    const mac = macAt(p.l2);
    if (mac & 1) return TO_GROUP;
    const port = fdbPort(bridge, mac, p.frame);
    return port == bridge ? TO_HOST : port;
  }
  if (p.pktType == PACKET_BROADCAST || p.pktType == PACKET_MULTICAST) return TO_GROUP;
  if (p.pktType == PACKET_HOST) return TO_HOST;
  const r = fibLookup(p.family, p.dst, p.src, 0, bridge, 0);
  if (r == 0 || routeIface(r) != bridge) return TO_HOST;
  const route = changetype<Route>(r);
  if (route.type != ROUTE_UNICAST || route.hasGateway) return TO_HOST;
  return neighbourPort(p, bridge, p.dst);
}

/** The port behind which the host knows the address, or TO_SOMEWHERE. */
function neighbourPort(p: Packet, bridge: u32, handle: u32): u32 {
  writeAddress(p.family, handle, scratch);
  const mac = neighbourMac(bridge, p.family, scratch, p.frame);
  const port = mac == 0 ? 0 : fdbPort(bridge, mac, p.frame);
  return port == 0 || port == bridge ? TO_SOMEWHERE : port;
}

/**
 * The port that a frame seen on the bridge itself came in by, where it is on its way to another
 * one: a bridge that is captured is promiscuous and shows those, too. 0: it is for the host. Where
 * nobody knows the port it is any of the bridge's, which nothing but physdev could tell.
 */
export function bridgedFrom(p: Packet, bridge: u32): u32 {
  if (p.pktType == PACKET_HOST || !(p.flags & FRAME_ETHERNET)) return 0;
  const port = fdbPort(bridge, macAt(<usize>p.l2 + MAC_BYTES), p.frame);
  if (port == bridge) return 0; // the host's own
  const to = destination(p, bridge);
  if (to == TO_HOST) return 0;
  for (let id = port == 0 ? ifaceCount() : 0; id > 0; id--) {
    if (<u32>ifaceAt(id).master == bridge && id != to) return id;
  }
  return port;
}

/**
 * Evaluates a frame of bridgedFrom()'s: what the kernel knew of its ports, the capture does not.
 */
export function fromSomePort(p: Packet, bridge: u32): u32 {
  const to = destination(p, bridge);
  return onTheWay(p, bridge, to == TO_ALL ? TO_SOMEWHERE : to);
}

function frameType(p: Packet, to: u32): u8 {
  if (to == TO_HOST) return <u8>PACKET_HOST;
  if (to != TO_GROUP) return <u8>PACKET_OTHERHOST;
  if (!(p.flags & FRAME_ETHERNET)) return p.pktType;
  return <u8>(macAt(p.l2) == 0xffffffffffff ? PACKET_BROADCAST : PACKET_MULTICAST);
}

/** PREROUTING on the bridge and, for a packet that DNAT redirected, its new way. */
function bridgePrerouting(p: Packet, bridge: u32, to: u32): u32 {
  const dst = p.dst;
  const type = p.pktType;
  if (type == PACKET_OTHERHOST) p.pktType = <u8>PACKET_HOST; // setup_pre_routing()
  let v = preroutingRaw(p);
  if (v == VERDICT_ACCEPT) {
    if (takeCached(p, to)) return VERDICT_ACCEPT;
    v = preroutingRest(p);
  }
  p.pktType = type;
  outcome.dstAfterPrerouting = p.dst;
  if (v != VERDICT_ACCEPT) return v;
  if (p.dst == dst) return deliver(p, bridge, to, true);
  // br_nf_pre_routing_finish(): the destination changed
  if (p.family != FAMILY_V4 && isMulticastV6(v6Bytes(p.dst))) {
    outcome.towards = TOWARDS_MANY; // the way to any group is by the bridge itself
    return deliver(p, bridge, TO_GROUP, true);
  }
  const routed = routeInput(p);
  if (routed == ROUTED_DROP) {
    outcome.reason = <u8>routeReason();
    return VERDICT_DROP;
  }
  if (routed != ROUTED_LOCAL && routeOut() == bridge) {
    let hop = p.dst;
    const r = fibLookup(p.family, p.dst, p.src, p.mark, bridge, 0);
    if (r != 0 && changetype<Route>(r).hasGateway) {
      hop = internImageAddress(p.family, r + ROUTE_GATEWAY);
    }
    return redirected(p, bridge, neighbourPort(p, bridge, hop));
  }
  p.pktType = <u8>PACKET_HOST;
  return deliver(p, bridge, TO_HOST, true);
}

/**
 * A frame from a port (p.physIn) of `bridge`. The verdict; path, reason and out-interface are in
 * `outcome`.
 */
export function fromPort(p: Packet, bridge: u32): u32 {
  return onTheWay(p, bridge, destination(p, bridge));
}

function onTheWay(p: Packet, bridge: u32, to: u32): u32 {
  p.in = <u16>bridge;
  p.pktType = frameType(p, to);
  outcome.firstIn = p.in;
  const toMany = to == TO_GROUP || to == TO_ALL;
  outcome.towards = to == TO_HOST ? TOWARDS_HOST : toMany ? TOWARDS_MANY : TOWARDS_PORT;
  if (callsIptables(p, bridge)) return bridgePrerouting(p, bridge, to);
  return deliver(p, bridge, to, false);
}

/**
 * A packet that DNAT sent to an address behind the same bridge stays bridged. A bridge that is
 * being captured is promiscuous and hands every frame up as well; this one came with the bridge's
 * MAC, so IP takes the copy and forwards it once more.
 */
function redirected(p: Packet, bridge: u32, to: u32): u32 {
  const at = changetype<usize>(p);
  const promiscuous = (ifaceAt(bridge).flags & IFACE_IN_CAPTURE) != 0;
  if (promiscuous) memory.copy(copy, at, offsetof<Packet>());
  outcome.towards = TOWARDS_PORT;
  const v = deliver(p, bridge, to, true);
  if (!promiscuous || p.pktType != PACKET_HOST) return v;
  const left = copy + PACKET_ROOM; // the packet as it left, which is what the outcome is about
  memory.copy(left, at, offsetof<Packet>());
  memory.copy(left + PACKET_ROOM, changetype<usize>(outcome), offsetof<Outcome>());
  memory.copy(at, copy, offsetof<Packet>());
  p.conn = 0; // nf_reset_ct() in br_nf_local_in()
  p.ctState = <u8>CT_INVALID;
  p.ctZoneSet = 0;
  routeOnwards(p);
  memory.copy(changetype<usize>(outcome), left + PACKET_ROOM, offsetof<Outcome>());
  memory.copy(at, left, offsetof<Packet>());
  outcome.towards = TOWARDS_MANY; // two ways at once: not to be cached
  outcome.copied = 1;
  return v;
}

/** A port that a frame to an unknown neighbour may leave by: the newest but its own, or 0. */
function somePort(p: Packet, bridge: u32): u32 {
  for (let id = ifaceCount(); id > 0; id--) {
    if (<u32>ifaceAt(id).master == bridge && id != <u32>p.physIn) return id;
  }
  return 0;
}

function deliver(p: Packet, bridge: u32, to: u32, called: bool): u32 {
  if (to == TO_HOST) return upToHost(p, called);
  if (to == TO_GROUP || to == TO_ALL) return flood(p, bridge, to == TO_GROUP, called);
  outcome.path = <u8>PATH_BRIDGE;
  outcome.out = <u16>bridge;
  if (to == <u32>p.physIn && !(ifaceAt(to).flags & IFACE_HAIRPIN)) {
    outcome.reason = <u8>REASON_NO_PORT;
    return VERDICT_DROP;
  }
  return toPort(p, bridge, to == TO_SOMEWHERE ? somePort(p, bridge) : to, called);
}

/** Up the stack, as received on the bridge; PREROUTING is behind it when iptables was called. */
function upToHost(p: Packet, called: bool): u32 {
  const isOthers = p.pktType == PACKET_OTHERHOST; // NAT sent to a group what came for another host
  if (isOthers || (p.flags & FRAME_VLAN && !untagged(p))) {
    outcome.reason = <u8>REASON_OTHERHOST;
    return VERDICT_DROP;
  }
  if (!called) {
    p.physIn = 0; // br_netfilter never saw it
    return receive(p);
  }
  if (p.family != FAMILY_V4 && !isAcceptableV6(p)) return dropMartian();
  return routeOnwards(p);
}

/** Hands a tagged packet to the bridge's VLAN device. False: it has none: nothing takes it. */
function untagged(p: Packet): bool {
  const device = vlanDevice(p.in, p.vlan);
  if (device == 0) return isPriorityTag(p.vlan);
  p.in = <u16>device;
  outcome.firstIn = p.in;
  return true;
}

function toPort(p: Packet, bridge: u32, port: u32, called: bool): u32 {
  outcome.physOut = <u16>port;
  if (!called) {
    outcome.reason = <u8>REASON_NO_RULES;
    return VERDICT_ACCEPT;
  }
  p.out = <u16>bridge;
  p.physOut = <u16>port;
  p.bridged = 1;
  if (p.pktType == PACKET_OTHERHOST) p.pktType = <u8>PACKET_HOST; // br_nf_forward()
  const v = forwardHook(p);
  if (v != VERDICT_ACCEPT) return v;
  p.in = 0;
  return postroutingHook(p);
}

/**
 * br_nf_local_in(): a group's packet may have clones on other ways, so its connection is confirmed
 * before INPUT, whose nat chain can then translate nothing.
 */
function confirmEarly(p: Packet): void {
  if (p.pktType != PACKET_HOST) confirmConn(p);
}

/** To every port but the one it came by, as clones, and for a group to the host as well. */
function flood(p: Packet, bridge: u32, group: bool, called: bool): u32 {
  const at = changetype<usize>(p);
  memory.copy(copy, at, offsetof<Packet>());
  let verdict: u32 = <u8>VERDICT_NONE;
  // the kernel walks the port list from the newest port to the oldest
  for (let id = ifaceCount(); id > 0; id--) {
    if (<u32>ifaceAt(id).master != bridge) continue;
    if (id == <u32>p.physIn && !(ifaceAt(id).flags & IFACE_HAIRPIN)) continue;
    outcome.path = <u8>PATH_BRIDGE;
    outcome.out = <u16>bridge;
    const v = toPort(p, bridge, id, called);
    if (verdict != VERDICT_ACCEPT) {
      verdict = v;
      memory.copy(copy + PACKET_ROOM, at, offsetof<Packet>()); // as it left
    }
    memory.copy(at, copy, offsetof<Packet>());
  }
  outcome.physOut = 0;
  if (group) {
    const reason = outcome.reason;
    const path = outcome.path;
    if (called) confirmEarly(p);
    const v = upToHost(p, called);
    if (verdict != VERDICT_ACCEPT) return v;
    if (v != VERDICT_ACCEPT) {
      outcome.reason = reason;
      outcome.path = path;
      outcome.out = <u16>bridge;
    }
  }
  if (verdict == VERDICT_NONE) {
    outcome.reason = <u8>REASON_NO_PORT;
    return VERDICT_DROP;
  }
  if (outcome.path == PATH_BRIDGE) memory.copy(at, copy + PACKET_ROOM, offsetof<Packet>());
  return verdict;
}

/** Id of the bridge that `iface` is a port of, or 0. */
@inline
export function bridgeOf(iface: u32): u32 {
  return iface == 0 ? 0 : changetype<Iface>(ifaceAt(iface)).master;
}

