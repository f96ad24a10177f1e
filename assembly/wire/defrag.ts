/**
 * Reassembly before the rules. With connection tracking in use the kernel puts fragments together
 * in PREROUTING and OUTPUT before any table sees them (priority -400): rules see whole datagrams,
 * counted once, at the frame that completes them. IPv4 as net/ipv4/ip_fragment.c, IPv6 as
 * net/ipv6/netfilter/nf_conntrack_reasm.c.
 *
 * A capture can show the same fragment at several places. Each place has queues of its own, as the
 * kernel keeps them apart by "user", so that a datagram is completed once per place:
 *
 *   routed   came in on an interface that IP listens on; or on a port, for the bridge's own MAC
 *   bridged  came in on a port of a bridge whose frames pass iptables
 *   seen     came in on the bridge itself: second sighting of what came in on a port
 *   sent     left by an interface: sent by the host, or forwarded (and cut again)
 */
import {
  DIRECTION_OUT,
  FAMILY_V4,
  FRAME_ETHERNET,
  FRAME_FRAGMENT,
  FRAME_HELD,
  FRAME_REASSEMBLED,
  FRAME_SNAPPED,
  FRAME_VLAN,
  IFACE_BRIDGE,
  IFACE_NF_CALL_IP6TABLES,
  IFACE_NF_CALL_IPTABLES,
  IFACE_PORT,
  IMAGE_CONNTRACK,
  IMAGE_CONNTRACK_V6,
  PACKET_OTHERHOST,
  SYSCTL_BRIDGE_CALL_IP6TABLES,
  SYSCTL_BRIDGE_CALL_IPTABLES,
  SYSCTL_BRIDGE_FILTER_VLAN,
} from '../abi';
import { FACT_HELD, FACT_REASSEMBLED, FACT_REASSEMBLY_FAILED } from '../abi-capture';
import { ifaceAt, imageFlags, sysctl } from '../host';
import { FrameRecord } from '../packet';
import { be16 } from './bytes';
import { FRAGMENT_LAST, FRAGMENT_PASSED } from './datagram';
import { addV4, assembleV4, lengthV4, queueV4 } from './defrag-v4';
import { addV6, assembleV6, isScoped, lengthV6, queueV6 } from './defrag-v6';
import { Defrag } from './frag-memory';
import { expireQueues, giveUp, killAllQueues, takeFailures } from './frag-queue';
import { IPV4_DST, IPV4_TOS, IPV4_TTL } from './ipv4';
import { extensionHeaders, IPV6_DST, IPV6_HOP_LIMIT, IPV6_NEXT } from './ipv6';
import { room } from './reassembly-area';
import { addFact, CaptureState } from './state';
import { KNOWN_IFACE, KNOWN_OWN, knownOf } from './subnet';
import { transport } from './transport';

const USER_NONE: u32 = 0;
const USER_ROUTED: u32 = 1;
const USER_BRIDGED: u32 = 2;
const USER_SEEN: u32 = 3;
const USER_SENT: u32 = 4;

let active4: bool = false;
let active6: bool = false;

export function attachDefrag(): void {
  active4 = (imageFlags() & IMAGE_CONNTRACK) != 0;
  active6 = (imageFlags() & IMAGE_CONNTRACK_V6) != 0;
}

/** Whether a frame may have to be reassembled: a fragment, or IPv6 with a fragment header. */
@inline
export function isDefragCandidate(flags: u32, header: u32): bool {
  return ((flags & FRAME_FRAGMENT) | header) != 0;
}

/** Which queues a frame's fragments go to: where conntrack's defragmentation hook sees them. */
function userOf(f: FrameRecord): u32 {
  const v4 = f.family == FAMILY_V4;
  if (!(v4 ? active4 : active6)) return USER_NONE;
  if (f.direction == DIRECTION_OUT) return USER_SENT;
  if (f.iface == 0) return f.pktType == PACKET_OTHERHOST ? USER_NONE : USER_ROUTED;
  const iface = ifaceAt(f.iface);
  if (iface.kind != IFACE_PORT) {
    if (f.pktType == PACKET_OTHERHOST) return USER_NONE;
    return iface.kind == IFACE_BRIDGE ? USER_SEEN : USER_ROUTED;
  }
  if (f.flags & FRAME_VLAN && sysctl(SYSCTL_BRIDGE_FILTER_VLAN) == 0) return USER_NONE;
  const bridgeFlags = ifaceAt(iface.master).flags;
  const called = v4
    ? sysctl(SYSCTL_BRIDGE_CALL_IPTABLES) != 0 || bridgeFlags & IFACE_NF_CALL_IPTABLES
    : sysctl(SYSCTL_BRIDGE_CALL_IP6TABLES) != 0 || bridgeFlags & IFACE_NF_CALL_IP6TABLES;
  if (called) return USER_BRIDGED;
  return staysInBridge(f, iface.master) ? USER_NONE : USER_ROUTED;
}

/**
 * Whether a frame that came in on a port is for another port. Cooked captures do not show the
 * address that it was sent to, and a port calls everything another host's that is not for its own
 * address.
 */
function staysInBridge(f: FrameRecord, bridge: u32): bool {
  if (f.pktType != PACKET_OTHERHOST) return false;
  if (f.flags & FRAME_ETHERNET) return true;
  const dst = <usize>f.l3 + (f.family == FAMILY_V4 ? IPV4_DST : IPV6_DST);
  return (knownOf(f.family, dst) & (KNOWN_IFACE | KNOWN_OWN)) == bridge;
}

/** Interface that is part of the key: places that the capture may show one after another. */
function keyIface(f: FrameRecord, user: u32): u32 {
  if (f.family != FAMILY_V4 && f.iface != 0 && isScoped(<usize>f.l3 + IPV6_DST)) {
    const i = ifaceAt(f.iface);
    return i.kind == IFACE_PORT && user != USER_SENT ? <u32>i.master : <u32>f.iface;
  }
  return user == USER_SENT || user == USER_SEEN ? <u32>f.iface : 0;
}

/**
 * Queues a fragment. The frame becomes FRAME_HELD, or, when it completes its datagram,
 * FRAME_REASSEMBLED with l3 at the whole of it. Frames that the kernel does not reassemble here
 * are left as they are.
 */
export function queueFragment(f: FrameRecord, state: CaptureState, vlan: u32, now: u64): void {
  const user = userOf(f);
  if (user == USER_NONE) return;
  const d = changetype<Defrag>(<usize>state.defrag);
  const late = expireQueues(d, now);
  const iface = keyIface(f, user);
  const isV4 = f.family == FAMILY_V4;
  const became = isV4
    ? addV4(d, <usize>f.l3, f.ipLen, f.capLen, user, iface, vlan, now)
    : addV6(d, f, user, iface, vlan, now);
  if (became != FRAGMENT_LAST || !(isV4 ? joinV4(f, state, d) : joinV6(f, state, d))) {
    if (became != FRAGMENT_PASSED) {
      f.flags |= <u16>FRAME_HELD;
      addFact(state, FACT_HELD, 1);
    }
  }
  const failed = late + takeFailures();
  if (failed != 0) addFact(state, FACT_REASSEMBLY_FAILED, failed);
}

/** Makes the frame its datagram, which is complete. False: the datagram was given up. */
function joinV4(f: FrameRecord, state: CaptureState, d: Defrag): bool {
  const q = queueV4;
  const total = lengthV4(d, q);
  if (total == 0) return false;
  const to = room(state, total);
  if (to == 0) {
    giveUp(d, q);
    return false;
  }
  const captured = assembleV4(d, q, to);
  const header = <u32>(load<u8>(to) & 15) << 2;
  becomeDatagram(f, state, to, total, captured);
  f.tos = load<u8>(to, IPV4_TOS);
  f.ttl = load<u8>(to, IPV4_TTL);
  f.l4Off = <u16>header;
  transport(f, f.proto, to + header, captured > header ? captured - header : 0);
  return true;
}

function joinV6(f: FrameRecord, state: CaptureState, d: Defrag): bool {
  const q = queueV6;
  const total = lengthV6(d, q);
  if (total == 0) return false;
  const to = room(state, total);
  if (to == 0) {
    giveUp(d, q);
    return false;
  }
  const captured = assembleV6(d, q, to);
  becomeDatagram(f, state, to, total, captured);
  f.tos = <u8>(be16(to) >> 4);
  f.ttl = load<u8>(to, IPV6_HOP_LIMIT);
  f.proto = load<u8>(to, IPV6_NEXT);
  f.l4Off = 0;
  extensionHeaders(f, to, captured, total);
  return true;
}

/** The frame now stands for the datagram at `to`, `total` bytes, `captured` of them known. */
function becomeDatagram(
  f: FrameRecord,
  state: CaptureState,
  to: usize,
  total: u32,
  captured: u32,
): void {
  f.l3 = <u32>to;
  f.ipLen = total;
  f.capLen = captured;
  f.fragOff = 0;
  f.sport = 0;
  f.dport = 0;
  let flags = <u32>f.flags & ~(FRAME_FRAGMENT | FRAME_SNAPPED);
  flags |= FRAME_REASSEMBLED;
  if (captured < total) flags |= FRAME_SNAPPED;
  f.flags = <u16>flags;
  addFact(state, FACT_REASSEMBLED, 1);
}

/** The capture is over: gives up what is incomplete and returns how many datagrams that were. */
export function finishReassembly(state: CaptureState): u32 {
  const count = killAllQueues(changetype<Defrag>(<usize>state.defrag));
  addFact(state, FACT_REASSEMBLY_FAILED, count);
  return count;
}
