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
  SLOT_REASSEMBLY_BYTES,
  SYSCTL_BRIDGE_CALL_IP6TABLES,
  SYSCTL_BRIDGE_CALL_IPTABLES,
  SYSCTL_BRIDGE_FILTER_VLAN,
} from '../abi';
import { FACT_HELD, FACT_REASSEMBLED, FACT_REASSEMBLY_FAILED } from '../abi-capture';
import { ifaceAt, imageFlags, sysctl } from '../host';
import { allocate } from '../memory';
import { FrameRecord } from '../packet';
import { Slot } from '../slot';
import { be16, minU32 } from './bytes';
import {
  Defrag,
  FRAG_FIRST_IN,
  FRAG_LAST_IN,
  FragQueue,
  Fragment,
  fragmentData,
  freeFragment,
  newFragment,
} from './frag-memory';
import {
  expireQueues,
  findQueue,
  INSERT_DUPLICATE,
  INSERT_OK,
  insertFragment,
  killAllQueues,
  killQueue,
  restartIfTooFar,
  setKey,
} from './frag-queue';
import {
  headerSum,
  IPV4_CHECK,
  IPV4_DF,
  IPV4_DST,
  IPV4_FRAG,
  IPV4_ID,
  IPV4_MF,
  IPV4_OFFSET,
  IPV4_SRC,
  IPV4_TOS,
  IPV4_TOTAL,
} from './ipv4';
import {
  extensionHeaders,
  FRAGMENT_HEADER,
  FRAGMENT_ID,
  FRAGMENT_OFFSET,
  fragmentHeader,
  fragmentPrev,
  IPV6_DST,
  IPV6_HEADER,
  IPV6_NEXT,
  IPV6_DST,
  IPV6_PAYLOAD,
  IPV6_SRC,
} from './ipv6';
import { addFact, CaptureState } from './state';
import { hasLocalAddress, subnetIface } from './subnet';
import { IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP, transport } from './transport';

const USER_NONE: u32 = 0;
const USER_ROUTED: u32 = 1;
const USER_BRIDGED: u32 = 2;
const USER_SEEN: u32 = 3;
const USER_SENT: u32 = 4;

const MAX_DATAGRAM: u32 = 65535;
const ECN_MASK: u32 = 3;
const ECN_CE: u32 = 3;

/** A block for the datagrams of a slot whose own area is full. */
@unmanaged
class OverflowBlock {
  next: u32;
  slot: u32;
  used: u32;
  bytes: u32;
}
const OVERFLOW_BYTES: u32 = 1 << 20;

let active4: bool = false;
let active6: bool = false;
let areaNext: usize = 0;
let areaEnd: usize = 0;
let slotAt: u32 = 0;

export function attachDefrag(): void {
  active4 = (imageFlags() & IMAGE_CONNTRACK) != 0;
  active6 = (imageFlags() & IMAGE_CONNTRACK_V6) != 0;
}

/** Starts a slot: its reassembly area is empty. */
export function beginReassembly(slot: Slot, state: CaptureState): void {
  areaNext = slot.reassembly;
  areaEnd = slot.reassembly == 0 ? 0 : areaNext + SLOT_REASSEMBLY_BYTES;
  slotAt = <u32>changetype<usize>(slot);
  let block = changetype<OverflowBlock>(<usize>state.overflow);
  while (changetype<usize>(block) != 0) {
    if (block.slot == slotAt) block.used = 0;
    block = changetype<OverflowBlock>(<usize>block.next);
  }
}

/** Room for a datagram that lives as long as the slot's frames; 0 when memory runs out. */
function room(state: CaptureState, bytes: u32): usize {
  const size = (bytes + 15) & ~15;
  if (areaNext + size <= areaEnd) {
    const at = areaNext;
    areaNext += size;
    return at;
  }
  let block = changetype<OverflowBlock>(<usize>state.overflow);
  while (changetype<usize>(block) != 0) {
    if (block.slot == slotAt && block.used + size <= block.bytes) break;
    block = changetype<OverflowBlock>(<usize>block.next);
  }
  if (changetype<usize>(block) == 0) {
    const at = allocate(offsetof<OverflowBlock>() + <usize>OVERFLOW_BYTES);
    if (at == 0) return 0;
    block = changetype<OverflowBlock>(at);
    block.next = state.overflow;
    block.slot = slotAt;
    block.used = 0;
    block.bytes = OVERFLOW_BYTES;
    state.overflow = <u32>at;
  }
  const at = changetype<usize>(block) + offsetof<OverflowBlock>() + block.used;
  block.used += size;
  return at;
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
 * Whether a frame that came in on a port is for another port. Cooked captures do not show the address
 * that it was sent to, and a port calls everything another host's that is not for its own address.
 */
function staysInBridge(f: FrameRecord, bridge: u32): bool {
  if (f.pktType != PACKET_OTHERHOST) return false;
  if (f.flags & FRAME_ETHERNET) return true;
  const dst = <usize>f.l3 + (f.family == FAMILY_V4 ? IPV4_DST : IPV6_DST);
  return subnetIface(f.family, dst) == bridge && !hasLocalAddress(f.family, dst);
}

/** Interface that is part of the key: places that the capture may show one after another. */
@inline
function keyIface(f: FrameRecord, user: u32): u32 {
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
  if (late != 0) addFact(state, FACT_REASSEMBLY_FAILED, late);
  if (f.family == FAMILY_V4) queueV4(f, state, d, user, vlan, now);
  else queueV6(f, state, d, user, vlan, now);
  if (f.flags & FRAME_HELD) addFact(state, FACT_HELD, 1);
}

@inline
function hold(f: FrameRecord): void {
  f.flags |= <u16>FRAME_HELD;
}

function fail(state: CaptureState, d: Defrag, q: FragQueue): void {
  addFact(state, FACT_REASSEMBLY_FAILED, 1);
  killQueue(d, q);
}

/** Copies a fragment: `header` bytes before the payload at `l3 + skip`, of `len` bytes. */
function copyFragment(
  d: Defrag,
  f: FrameRecord,
  header: u32,
  skip: u32,
  offset: u32,
  len: u32,
): Fragment {
  const cap = f.capLen > skip ? minU32(f.capLen - skip, len) : 0;
  const kept = offset == 0 ? header : 0;
  const piece = newFragment(d, kept + cap);
  if (changetype<usize>(piece) == 0) return piece;
  piece.offset = offset;
  piece.len = len;
  piece.cap = cap;
  piece.header = kept;
  piece.headerCap = minU32(kept, f.capLen);
  const data = fragmentData(piece);
  memory.copy(data, f.l3, piece.headerCap);
  memory.fill(data + piece.headerCap, 0, kept - piece.headerCap);
  memory.copy(data + kept, <usize>f.l3 + skip, cap);
  return piece;
}

/**
 * Lays the datagram out at `to`: the first fragment's header, then the payload, zeros where bytes
 * were not captured. Returns how many bytes from the start were captured.
 */
function assemble(q: FragQueue, to: usize): u32 {
  const first = changetype<Fragment>(<usize>q.runs);
  memory.copy(to, fragmentData(first), first.header);
  const payload = to + first.header;
  let captured = first.headerCap;
  let whole = first.headerCap == first.header;
  let run = first;
  while (changetype<usize>(run) != 0) {
    let piece = run;
    while (changetype<usize>(piece) != 0) {
      memory.copy(payload + piece.offset, fragmentData(piece) + piece.header, piece.cap);
      memory.fill(payload + piece.offset + piece.cap, 0, piece.len - piece.cap);
      if (whole) captured += piece.cap;
      if (piece.cap < piece.len) whole = false;
      piece = changetype<Fragment>(<usize>piece.next);
    }
    run = changetype<Fragment>(<usize>run.nextRun);
  }
  return captured;
}

/** RFC 3168 5.3 by ip_frag_ecn_table: bits to set in the ECN field, or 0xff: give up. */
function mergedEcn(seen: u32): u32 {
  const notEct = seen & 1;
  const ect = seen & 6; // ECT(1) is bit 1, ECT(0) bit 2
  const ce = seen & 8;
  if (notEct && seen != 1) return 0xff;
  return ce && ect ? ECN_CE : 0;
}

@inline
function isComplete(q: FragQueue): bool {
  return q.flags == (FRAG_FIRST_IN | FRAG_LAST_IN) && q.meat == q.len;
}

/** The frame now stands for the datagram at `to`, `total` bytes, `captured` of them known. */
function becomeDatagram(
  f: FrameRecord,
  to: usize,
  total: u32,
  captured: u32,
  maxFragment: u32,
): void {
  f.maxFragment = <u16>maxFragment;
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
}

// --- IPv4 ---------------------------------------------------------------------------------------

function queueV4(
  f: FrameRecord,
  state: CaptureState,
  d: Defrag,
  user: u32,
  vlan: u32,
  now: u64,
): void {
  hold(f);
  const l3 = <usize>f.l3;
  const ihl = <u32>(load<u8>(l3) & 15) << 2;
  const src = l3 + IPV4_SRC;
  setKey(
    FAMILY_V4,
    user,
    keyIface(f, user),
    vlan,
    f.proto,
    be16(l3 + IPV4_ID),
    src,
    l3 + IPV4_DST,
  );
  const q = findQueue(d, now);
  if (changetype<usize>(q) == 0) return;
  if (restartIfTooFar(d, q, now)) addFact(state, FACT_REASSEMBLY_FAILED, 1);
  const frag = be16(l3 + IPV4_FRAG);
  const offset = (frag & IPV4_OFFSET) << 3;
  let end = offset + f.ipLen - ihl;
  if ((frag & IPV4_MF) == 0) {
    if (end < q.len || (q.flags & FRAG_LAST_IN && end != q.len)) return fail(state, d, q);
    q.flags |= <u8>FRAG_LAST_IN;
    q.len = end;
  } else {
    end &= ~7;
    if (end > q.len) {
      if (q.flags & FRAG_LAST_IN) return fail(state, d, q);
      q.len = end;
    }
  }
  if (end == offset) return fail(state, d, q);
  const piece = copyFragment(d, f, ihl, ihl, offset, end - offset);
  if (changetype<usize>(piece) == 0) return fail(state, d, q);
  const size = end - offset + ihl;
  const inserted = insertFragment(d, q, piece);
  if (inserted != INSERT_OK) {
    freeFragment(d, piece);
    if (inserted != INSERT_DUPLICATE) fail(state, d, q);
    return;
  }
  q.ecn |= <u8>(<u32>1 << (<u32>f.tos & ECN_MASK));
  if (offset == 0) q.flags |= <u8>FRAG_FIRST_IN;
  if (size > q.maxSize) q.maxSize = size;
  if (frag & IPV4_DF && size > q.maxDfSize) q.maxDfSize = size;
  if (isComplete(q)) completeV4(f, state, d, q);
}

function completeV4(f: FrameRecord, state: CaptureState, d: Defrag, q: FragQueue): void {
  const ihl = changetype<Fragment>(<usize>q.runs).header;
  const total = ihl + q.len;
  const ecn = mergedEcn(q.ecn);
  if (ecn == 0xff || total > MAX_DATAGRAM) return fail(state, d, q);
  const to = room(state, total);
  if (to == 0) return fail(state, d, q);
  const captured = assemble(q, to);
  const maxSize = q.maxSize;
  const fragField = q.maxDfSize == maxSize ? IPV4_DF : 0;
  killQueue(d, q);
  store<u16>(to, bswap<u16>(<u16>total), IPV4_TOTAL);
  store<u8>(to, load<u8>(to, IPV4_TOS) | <u8>ecn, IPV4_TOS);
  store<u16>(to, bswap<u16>(<u16>fragField), IPV4_FRAG);
  store<u16>(to, 0, IPV4_CHECK);
  store<u16>(to, <u16>~headerSum(to, ihl), IPV4_CHECK);
  f.flags &= ~(<u16>FRAME_HELD);
  becomeDatagram(f, to, total, captured, maxSize);
  f.tos = load<u8>(to, IPV4_TOS);
  f.ttl = load<u8>(to, 8);
  f.l4Off = <u16>ihl;
  transport(f, f.proto, to + ihl, captured > ihl ? captured - ihl : 0);
  addFact(state, FACT_REASSEMBLED, 1);
}

// --- IPv6 ---------------------------------------------------------------------------------------

/** RFC 8200 4.5: a first fragment that lacks part of its headers is not queued. */
function headersCut(f: FrameRecord): bool {
  if (f.fragOff != 0 || f.l4Off == 0) return false;
  let end = <u32>f.l4Off;
  if (f.proto == IPPROTO_TCP) end += 20;
  else if (f.proto == IPPROTO_UDP || f.proto == IPPROTO_ICMPV6) end += 8;
  else end += 1;
  return end > f.ipLen;
}

function queueV6(
  f: FrameRecord,
  state: CaptureState,
  d: Defrag,
  user: u32,
  vlan: u32,
  now: u64,
): void {
  const l3 = <usize>f.l3;
  const header = fragmentHeader;
  const prev = fragmentPrev;
  const payload = be16(l3 + IPV6_PAYLOAD);
  if (header == 0 || payload == 0 || headersCut(f)) return;
  const dst = l3 + IPV6_DST;
  // scoped destinations are kept apart by interface
  const scoped = load<u8>(dst) == 0xff || (be16(dst) & 0xffc0) == 0xfe80;
  let iface = keyIface(f, user);
  if (scoped && f.iface != 0) {
    const i = ifaceAt(f.iface);
    iface = i.kind == IFACE_PORT && user != USER_SENT ? <u32>i.master : <u32>f.iface;
  }
  const id = load<u32>(l3 + header + FRAGMENT_ID);
  setKey(f.family, user, iface, vlan, 0, id, l3 + IPV6_SRC, dst);
  const q = findQueue(d, now);
  if (changetype<usize>(q) == 0) return hold(f);
  const frag = be16(l3 + header + FRAGMENT_OFFSET);
  const offset = frag & 0xfff8;
  const end = offset + payload + IPV6_HEADER - header - FRAGMENT_HEADER;
  if (end > MAX_DATAGRAM) return; // passes as it is
  if ((frag & 1) == 0) {
    if (end < q.len || (q.flags & FRAG_LAST_IN && end != q.len)) return hold(f);
    q.flags |= <u8>FRAG_LAST_IN;
    q.len = end;
  } else {
    if (end & 7) return fail(state, d, q); // the queue dies, the fragment passes
    if (end > q.len) {
      if (q.flags & FRAG_LAST_IN) return hold(f);
      q.len = end;
    }
  }
  hold(f);
  if (end == offset) return;
  const skip = header + FRAGMENT_HEADER;
  const piece = copyFragment(d, f, header, skip, offset, end - offset);
  if (changetype<usize>(piece) == 0) return;
  if (offset == 0 && piece.headerCap == header) {
    // the fragment header goes: the header before it names what it named
    store<u8>(fragmentData(piece) + prev, load<u8>(l3 + header));
  }
  const inserted = insertFragment(d, q, piece);
  if (inserted != INSERT_OK) {
    freeFragment(d, piece);
    if (inserted != INSERT_DUPLICATE) fail(state, d, q);
    return;
  }
  q.ecn |= <u8>(<u32>1 << (<u32>f.tos & ECN_MASK));
  if (offset == 0) q.flags |= <u8>FRAG_FIRST_IN;
  if (payload + IPV6_HEADER > q.maxSize) q.maxSize = payload + IPV6_HEADER;
  if (isComplete(q)) completeV6(f, state, d, q);
}

function completeV6(f: FrameRecord, state: CaptureState, d: Defrag, q: FragQueue): void {
  const header = changetype<Fragment>(<usize>q.runs).header;
  const total = header + q.len;
  const ecn = mergedEcn(q.ecn);
  if (ecn == 0xff || total - IPV6_HEADER > MAX_DATAGRAM) return fail(state, d, q);
  const to = room(state, total);
  if (to == 0) return fail(state, d, q);
  const captured = assemble(q, to);
  const maxSize = q.maxSize;
  killQueue(d, q);
  store<u16>(to, bswap<u16>(<u16>(total - IPV6_HEADER)), IPV6_PAYLOAD);
  store<u8>(to, load<u8>(to, 1) | <u8>(ecn << 4), 1); // the ECN field ends four bits into byte 1
  f.flags &= ~(<u16>FRAME_HELD);
  becomeDatagram(f, to, total, captured, maxSize);
  f.tos = <u8>(be16(to) >> 4);
  f.ttl = load<u8>(to, 7);
  f.proto = load<u8>(to, IPV6_NEXT);
  f.l4Off = 0;
  extensionHeaders(f, to, captured, total);
  addFact(state, FACT_REASSEMBLED, 1);
}

/** The capture is over: gives up what is incomplete and returns how many datagrams that were. */
export function finishReassembly(state: CaptureState): u32 {
  const count = killAllQueues(changetype<Defrag>(<usize>state.defrag));
  addFact(state, FACT_REASSEMBLY_FAILED, count);
  return count;
}
