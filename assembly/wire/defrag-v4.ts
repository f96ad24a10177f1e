/** IPv4 fragments: ip_frag_queue() and ip_frag_reasm() of net/ipv4/ip_fragment.c. */
import { FAMILY_V4 } from '../abi';
import { be16 } from './bytes';
import {
  assemble,
  copyFragment,
  ECN_BAD,
  FRAGMENT_DROPPED,
  FRAGMENT_LAST,
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
  freeFragment,
} from './frag-memory';
import {
  findQueue,
  giveUp,
  INSERT_DUPLICATE,
  INSERT_OK,
  insertFragment,
  killQueue,
  noteFailure,
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
  IPV4_PROTO,
  IPV4_SRC,
  IPV4_TOS,
  IPV4_TOTAL,
} from './ipv4';

/** The queue that addV4() put its fragment into: FRAGMENT_QUEUED and FRAGMENT_LAST only. */
export let queueV4: FragQueue = changetype<FragQueue>(0);

function drop(d: Defrag, q: FragQueue): u32 {
  giveUp(d, q);
  return FRAGMENT_DROPPED;
}

/**
 * Queues the fragment at `l3`, `capLen` of its `ipLen` bytes captured, with those of the same
 * `user`, interface and VLAN. FRAGMENT_*.
 */
export function addV4(
  d: Defrag,
  l3: usize,
  ipLen: u32,
  capLen: u32,
  user: u32,
  iface: u32,
  vlan: u32,
  now: u64,
): u32 {
  const ihl = <u32>(load<u8>(l3) & 15) << 2;
  const proto = <u32>load<u8>(l3, IPV4_PROTO);
  const dst = l3 + IPV4_DST;
  setKey(FAMILY_V4, user, iface, vlan, proto, be16(l3 + IPV4_ID), l3 + IPV4_SRC, dst);
  const q = findQueue(d, now);
  if (changetype<usize>(q) == 0) return FRAGMENT_DROPPED;
  queueV4 = q;
  if (restartIfTooFar(d, q, now)) noteFailure();
  const frag = be16(l3 + IPV4_FRAG);
  const offset = (frag & IPV4_OFFSET) << 3;
  let end = offset + ipLen - ihl;
  if ((frag & IPV4_MF) == 0) {
    if (end < q.len || (q.flags & FRAG_LAST_IN && end != q.len)) return drop(d, q);
    q.flags |= <u8>FRAG_LAST_IN;
    q.len = end;
  } else {
    end &= ~7;
    if (end > q.len) {
      if (q.flags & FRAG_LAST_IN) return drop(d, q);
      q.len = end;
    }
  }
  if (end == offset) return drop(d, q);
  const piece = copyFragment(d, l3, capLen, ihl, ihl, offset, end - offset);
  if (changetype<usize>(piece) == 0) return drop(d, q);
  const size = end - offset + ihl;
  const inserted = insertFragment(d, q, piece);
  if (inserted != INSERT_OK) {
    freeFragment(d, piece);
    return inserted == INSERT_DUPLICATE ? FRAGMENT_DROPPED : drop(d, q);
  }
  noteEcn(q, load<u8>(l3, IPV4_TOS));
  if (offset == 0) q.flags |= <u8>FRAG_FIRST_IN;
  if (size > q.maxSize) q.maxSize = size;
  if (frag & IPV4_DF && size > q.maxDfSize) q.maxDfSize = size;
  return isComplete(q) ? FRAGMENT_LAST : FRAGMENT_QUEUED;
}

/** Length of the datagram that a complete queue is; 0: the queue was given up. */
export function lengthV4(d: Defrag, q: FragQueue): u32 {
  const total = changetype<Fragment>(<usize>q.runs).header + q.len;
  if (mergedEcn(q.ecn) != ECN_BAD && total <= MAX_DATAGRAM) return total;
  giveUp(d, q);
  return 0;
}

/** Lays out a complete queue's datagram at `to` and ends the queue. Returns the bytes captured. */
export function assembleV4(d: Defrag, q: FragQueue, to: usize): u32 {
  const ihl = changetype<Fragment>(<usize>q.runs).header;
  const total = ihl + q.len;
  const ecn = mergedEcn(q.ecn);
  const captured = assemble(q, to);
  const fragField = q.maxDfSize == q.maxSize ? IPV4_DF : 0;
  killQueue(d, q);
  store<u16>(to, bswap<u16>(<u16>total), IPV4_TOTAL);
  store<u8>(to, load<u8>(to, IPV4_TOS) | <u8>ecn, IPV4_TOS);
  store<u16>(to, bswap<u16>(<u16>fragField), IPV4_FRAG);
  store<u16>(to, 0, IPV4_CHECK);
  store<u16>(to, <u16>~headerSum(to, ihl), IPV4_CHECK);
  return captured;
}
