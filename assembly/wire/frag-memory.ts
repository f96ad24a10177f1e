/**
 * Memory of datagrams under reassembly: shared, since the worker that runs the front changes from
 * slot to slot. Blocks of powers of two on free lists, never given back; the kernel's threshold on
 * queued fragments (high_thresh) bounds them.
 */
import { allocate } from '../memory';

const SMALLEST: u32 = 8; // 2^8 bytes
const CLASSES: u32 = 11; // the largest, 2^18, holds any packet that a capture can carry

/** Shared; 1024 buckets of queues and of peers follow in their own blocks. */
@unmanaged
export class Defrag {
  queues: u32; // DEFRAG_BUCKETS heads of FragQueue chains
  peers: u32; // DEFRAG_BUCKETS heads of Peer chains
  oldest4: u32; // queues in the order in which they expire, per family
  newest4: u32;
  oldest6: u32;
  newest6: u32;
  memory4: u32; // as the kernel counts: truesize of what is queued
  memory6: u32;
  queued: u32; // queues alive
  freeQueues: u32;
  freePeers: u32;
  freeBlocks: u32; // first of CLASSES list heads
}

export const DEFRAG_BUCKETS: u32 = 1024;

/** What one source sent, while a datagram of it is queued (struct inet_peer). */
@unmanaged
export class Peer {
  next: u32;
  address: u32;
  rid: u32; // fragments seen
  refs: u32;
}

export const FRAG_FIRST_IN: u32 = 1;
export const FRAG_LAST_IN: u32 = 2;

/** An incomplete datagram (struct inet_frag_queue with its key). */
@unmanaged
export class FragQueue {
  next: u32; // in the hash bucket
  older: u32;
  newer: u32;
  runs: u32; // first run of adjacent fragments, by offset
  lastRun: u32;
  tail: u32; // last fragment of the last run
  len: u32; // of the datagram's payload, as far as known
  meat: u32; // payload bytes queued
  maxSize: u32; // largest fragment, header included
  maxDfSize: u32; // largest with DF set
  peer: u32;
  rid: u32;
  expires: u64;
  flags: u8; // FRAG_*
  ecn: u8; // 1 << ECN of each fragment
  family: u8;
  user: u8;
  proto: u8;
  reserved: u8;
  iface: u16;
  mark: u32; // local delivery: the first fragment's
  vlan: u32;
  id: u32;
  src0: u64;
  src1: u64;
  dst0: u64;
  dst1: u64;
}

/** A queued fragment; a run's first one stands for the run. 40 bytes, then header and payload. */
@unmanaged
export class Fragment {
  next: u32; // in the run
  nextRun: u32;
  offset: u32;
  len: u32; // payload
  cap: u32; // payload bytes that were captured
  runLen: u32; // payload of the whole run (first fragment)
  header: u32; // bytes of header kept before the payload (offset 0 only)
  headerCap: u32; // of them captured
  sizeClass: u32;
  truesize: u32;
}

@inline
export function fragmentData(f: Fragment): usize {
  return changetype<usize>(f) + offsetof<Fragment>();
}

/** A shared Defrag; 0 when memory runs out. */
export function newDefrag(): usize {
  const at = allocate(offsetof<Defrag>() + <usize>CLASSES * 4);
  const d = changetype<Defrag>(at);
  const tables = allocate(<usize>DEFRAG_BUCKETS * 8);
  if (at == 0 || tables == 0) return 0;
  d.queues = <u32>tables;
  d.peers = <u32>tables + DEFRAG_BUCKETS * 4;
  return at;
}

/** A block for a fragment with `bytes` of header and payload, or null. */
export function newFragment(d: Defrag, bytes: u32): Fragment {
  const need = bytes + <u32>offsetof<Fragment>();
  let sizeClass: u32 = 0;
  while (sizeClass < CLASSES - 1 && <u32>1 << (sizeClass + SMALLEST) < need) sizeClass++;
  if (<u32>1 << (sizeClass + SMALLEST) < need) return changetype<Fragment>(0);
  const list = changetype<usize>(d) + offsetof<Defrag>('freeBlocks') + <usize>sizeClass * 4;
  let at = <usize>load<u32>(list);
  if (at != 0) {
    store<u32>(list, load<u32>(at));
  } else {
    at = allocate(<usize>1 << (sizeClass + SMALLEST));
    if (at == 0) return changetype<Fragment>(0);
  }
  memory.fill(at, 0, offsetof<Fragment>());
  const f = changetype<Fragment>(at);
  f.sizeClass = sizeClass;
  // struct sk_buff and skb_shared_info around a buffer that the allocator rounded up
  f.truesize = 576 + ((bytes + 96 + 255) & ~255);
  return f;
}

export function freeFragment(d: Defrag, f: Fragment): void {
  const list = changetype<usize>(d) + offsetof<Defrag>('freeBlocks') + <usize>f.sizeClass * 4;
  store<u32>(changetype<usize>(f), load<u32>(list));
  store<u32>(list, <u32>changetype<usize>(f));
}

/** A zeroed queue, or null. */
export function newQueue(d: Defrag): FragQueue {
  let at = <usize>d.freeQueues;
  if (at != 0) d.freeQueues = load<u32>(at);
  else at = allocate(offsetof<FragQueue>());
  if (at != 0) memory.fill(at, 0, offsetof<FragQueue>());
  return changetype<FragQueue>(at);
}

export function freeQueue(d: Defrag, q: FragQueue): void {
  q.next = d.freeQueues;
  d.freeQueues = <u32>changetype<usize>(q);
}

@inline
function peerBucket(d: Defrag, address: u32): usize {
  return <usize>d.peers + <usize>((address * 0x9e3779b1) >> 22) * 4;
}

/** The peer of an IPv4 source, referenced once more; 0 when memory runs out. */
export function getPeer(d: Defrag, address: u32): u32 {
  const bucket = peerBucket(d, address);
  let p = changetype<Peer>(<usize>load<u32>(bucket));
  while (changetype<usize>(p) != 0) {
    if (p.address == address) {
      p.refs++;
      return <u32>changetype<usize>(p);
    }
    p = changetype<Peer>(<usize>p.next);
  }
  let at = <usize>d.freePeers;
  if (at != 0) d.freePeers = load<u32>(at);
  else at = allocate(offsetof<Peer>());
  if (at == 0) return 0;
  p = changetype<Peer>(at);
  p.next = load<u32>(bucket);
  p.address = address;
  p.rid = 0;
  p.refs = 1;
  store<u32>(bucket, <u32>at);
  return <u32>at;
}

export function putPeer(d: Defrag, at: u32): void {
  if (at == 0) return;
  const peer = changetype<Peer>(<usize>at);
  if (--peer.refs != 0) return;
  let link = peerBucket(d, peer.address);
  while (load<u32>(link) != at) link = <usize>load<u32>(link) + offsetof<Peer>('next');
  store<u32>(link, peer.next);
  peer.next = d.freePeers;
  d.freePeers = at;
}
