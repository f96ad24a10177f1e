/** IPv6 fragments: nf_ct_frag6_queue() and its like of net/ipv6/netfilter/nf_conntrack_reasm.c. */
import { be16 } from './bytes';
import {
  assemble,
  copyFragment,
  ECN_BAD,
  FRAGMENT_DROPPED,
  FRAGMENT_LAST,
  FRAGMENT_PASSED,
  FRAGMENT_QUEUED,
  isComplete,
  MAX_DATAGRAM,
  mergedEcn,
  noteEcn,
} from './datagram';
import {
  Defrag,
  FRAG_FIRST_IN,
  FRAG_LAST_IN,
  FragQueue,
  Fragment,
  fragmentData,
  freeFragment,
} from './frag-memory';
import {
  findQueue,
  giveUp,
  INSERT_DUPLICATE,
  INSERT_OK,
  insertFragment,
  killQueue,
  setKey,
} from './frag-queue';
import { FrameRecord } from '../packet';
import {
  FRAGMENT_HEADER,
  FRAGMENT_ID,
  FRAGMENT_OFFSET,
  fragmentHeader,
  fragmentPrev,
  IPV6_DST,
  NEXTHDR_FRAGMENT,
  IPV6_HEADER,
  IPV6_PAYLOAD,
  IPV6_SRC,
} from './ipv6';
import { IPPROTO_ICMPV6, IPPROTO_NONE, IPPROTO_TCP, IPPROTO_UDP } from './transport';

/** The queue that addV6() put its fragment into: FRAGMENT_QUEUED and FRAGMENT_LAST only. */
export let queueV6: FragQueue = changetype<FragQueue>(0);

/** RFC 8200 4.5: a first fragment that lacks part of its headers is not queued. */
function headersCut(f: FrameRecord): bool {
  // as ipv6frag_thdr_truncated(): where there is no transport header, none is cut
  if (f.fragOff != 0 || f.l4Off == 0) return false;
  if (f.proto == <u8>IPPROTO_NONE || f.proto == NEXTHDR_FRAGMENT) return false;
  let end = <u32>f.l4Off;
  if (f.proto == IPPROTO_TCP) end += 20;
  else if (f.proto == IPPROTO_UDP || f.proto == IPPROTO_ICMPV6) end += 8;
  else end += 1;
  return end > f.ipLen;
}

/** Whether fragments for the destination at `dst` are kept apart by interface. */
export function isScoped(dst: usize): bool {
  return load<u8>(dst) == 0xff || (be16(dst) & 0xffc0) == 0xfe80;
}

/** Queues the frame's fragment, which was decoded last, with those of the same key. FRAGMENT_*. */
export function addV6(
  d: Defrag,
  f: FrameRecord,
  user: u32,
  iface: u32,
  vlan: u32,
  now: u64,
): u32 {
  const l3 = <usize>f.l3;
  const header = fragmentHeader;
  const payload = be16(l3 + IPV6_PAYLOAD);
  if (header == 0 || payload == 0 || headersCut(f)) return FRAGMENT_PASSED;
  if (header + FRAGMENT_HEADER > f.ipLen) return FRAGMENT_DROPPED; // cut short itself
  const id = load<u32>(l3 + header + FRAGMENT_ID);
  setKey(f.family, user, iface, vlan, 0, id, l3 + IPV6_SRC, l3 + IPV6_DST);
  const q = findQueue(d, now);
  if (changetype<usize>(q) == 0) return FRAGMENT_DROPPED;
  queueV6 = q;
  const frag = be16(l3 + header + FRAGMENT_OFFSET);
  const offset = frag & 0xfff8;
  const end = offset + payload + IPV6_HEADER - header - FRAGMENT_HEADER;
  if (end > MAX_DATAGRAM) return FRAGMENT_PASSED;
  if ((frag & 1) == 0) {
    if (end < q.len || (q.flags & FRAG_LAST_IN && end != q.len)) return FRAGMENT_DROPPED;
    q.flags |= <u8>FRAG_LAST_IN;
    q.len = end;
  } else {
    if (end & 7) {
      giveUp(d, q); // the queue dies, the fragment passes
      return FRAGMENT_PASSED;
    }
    if (end > q.len) {
      if (q.flags & FRAG_LAST_IN) return FRAGMENT_DROPPED;
      q.len = end;
    }
  }
  if (end == offset) return FRAGMENT_DROPPED;
  const skip = header + FRAGMENT_HEADER;
  const piece = copyFragment(d, l3, f.capLen, header, skip, offset, end - offset);
  if (changetype<usize>(piece) == 0) return FRAGMENT_DROPPED;
  if (offset == 0 && piece.headerCap == header) {
    // the fragment header goes: the header before it names what it named
    store<u8>(fragmentData(piece) + fragmentPrev, load<u8>(l3 + header));
  }
  const inserted = insertFragment(d, q, piece);
  if (inserted != INSERT_OK) {
    freeFragment(d, piece);
    if (inserted != INSERT_DUPLICATE) giveUp(d, q);
    return FRAGMENT_DROPPED;
  }
  noteEcn(q, f.tos);
  if (offset == 0) q.flags |= <u8>FRAG_FIRST_IN;
  return isComplete(q) ? FRAGMENT_LAST : FRAGMENT_QUEUED;
}

/** Length of the datagram that a complete queue is; 0: the queue was given up. */
export function lengthV6(d: Defrag, q: FragQueue): u32 {
  const total = changetype<Fragment>(<usize>q.runs).header + q.len;
  if (mergedEcn(q.ecn) != ECN_BAD && total - IPV6_HEADER <= MAX_DATAGRAM) return total;
  giveUp(d, q);
  return 0;
}

/** Lays out a complete queue's datagram at `to` and ends the queue. Returns the bytes captured. */
export function assembleV6(d: Defrag, q: FragQueue, to: usize): u32 {
  const total = changetype<Fragment>(<usize>q.runs).header + q.len;
  const ecn = mergedEcn(q.ecn);
  const captured = assemble(q, to);
  killQueue(d, q);
  store<u16>(to, bswap<u16>(<u16>(total - IPV6_HEADER)), IPV6_PAYLOAD);
  store<u8>(to, load<u8>(to, 1) | <u8>(ecn << 4), 1); // the ECN field ends four bits into byte 1
  return captured;
}
