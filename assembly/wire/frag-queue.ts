/**
 * Queues of fragments: find, insert, expire, as net/ipv4/inet_fragment.c. Capture time is the
 * clock. Runs of adjacent fragments are a sorted list where the kernel has a tree: a datagram has
 * few runs, and the answers are the same because runs never overlap.
 */
import { FAMILY_V4, SYSCTL_IP6FRAG_TIME, SYSCTL_IPFRAG_TIME } from '../abi';
import { sysctl } from '../host';
import {
  Defrag,
  FragQueue,
  Fragment,
  freeFragment,
  freeQueue,
  getPeer,
  newQueue,
  Peer,
  putPeer,
} from './frag-memory';

/** net.ipv4.ipfrag_high_thresh and its IPv6 twin: no fragment is queued while more are held. */
const HIGH_THRESH: u32 = 4 * 1024 * 1024;
const QUEUE_SIZE: u32 = 200; // what a queue itself counts for
/** net.ipv4.ipfrag_max_dist: a datagram is given up when its source sent so many others since. */
const MAX_DIST: u32 = 64;
const NANOS: u64 = 1_000_000_000;

export const INSERT_OK: u32 = 0;
export const INSERT_DUPLICATE: u32 = 1;
export const INSERT_OVERLAP: u32 = 2;

// The key of the fragment in hand.
let keyFamily: u32 = 0;
let keyUser: u32 = 0;
let keyProto: u32 = 0;
let keyIface: u32 = 0;
let keyVlan: u32 = 0;
let keyId: u32 = 0;
let keySrc0: u64 = 0;
let keySrc1: u64 = 0;
let keyDst0: u64 = 0;
let keyDst1: u64 = 0;

export function setKey(
  family: u32,
  user: u32,
  iface: u32,
  vlan: u32,
  proto: u32,
  id: u32,
  src: usize,
  dst: usize,
): void {
  keyFamily = family;
  keyUser = user;
  keyIface = iface;
  keyVlan = vlan;
  keyProto = proto;
  keyId = id;
  if (family == FAMILY_V4) {
    keySrc0 = load<u32>(src);
    keySrc1 = 0;
    keyDst0 = load<u32>(dst);
    keyDst1 = 0;
  } else {
    keySrc0 = load<u64>(src);
    keySrc1 = load<u64>(src, 8);
    keyDst0 = load<u64>(dst);
    keyDst1 = load<u64>(dst, 8);
  }
}

function bucketOf(d: Defrag, id: u32, s0: u64, s1: u64, d0: u64, d1: u64): usize {
  let h = (s0 ^ rotl<u64>(s1, 17) ^ rotl<u64>(d0, 31) ^ rotl<u64>(d1, 47)) * 0x9e3779b97f4a7c15;
  h = (h ^ <u64>id ^ (h >> 29)) * 0xd6e8feb86659fd93;
  return <usize>d.queues + <usize>(h >> 54) * 4; // 10 bits: DEFRAG_BUCKETS
}

@inline
function matches(q: FragQueue): bool {
  return (
    q.id == keyId &&
    q.src0 == keySrc0 &&
    q.dst0 == keyDst0 &&
    q.src1 == keySrc1 &&
    q.dst1 == keyDst1 &&
    q.family == keyFamily &&
    q.user == keyUser &&
    q.proto == keyProto &&
    <u32>q.iface == keyIface &&
    q.vlan == keyVlan
  );
}

function unlinkAge(d: Defrag, q: FragQueue): void {
  const v4 = q.family == FAMILY_V4;
  if (q.older != 0) changetype<FragQueue>(<usize>q.older).newer = q.newer;
  else if (v4) d.oldest4 = q.newer;
  else d.oldest6 = q.newer;
  if (q.newer != 0) changetype<FragQueue>(<usize>q.newer).older = q.older;
  else if (v4) d.newest4 = q.older;
  else d.newest6 = q.older;
}

/** Starts a queue's timer anew: the youngest of its family. */
function linkYoungest(d: Defrag, q: FragQueue, now: u64): void {
  const v4 = q.family == FAMILY_V4;
  const at = <u32>changetype<usize>(q);
  const timeout = v4 ? sysctl(SYSCTL_IPFRAG_TIME) : sysctl(SYSCTL_IP6FRAG_TIME);
  q.expires = now + <u64>timeout * NANOS;
  q.older = v4 ? d.newest4 : d.newest6;
  q.newer = 0;
  if (q.older != 0) changetype<FragQueue>(<usize>q.older).newer = at;
  else if (v4) d.oldest4 = at;
  else d.oldest6 = at;
  if (v4) d.newest4 = at;
  else d.newest6 = at;
}

@inline
function charge(d: Defrag, family: u32, bytes: i32): void {
  if (family == FAMILY_V4) d.memory4 += bytes;
  else d.memory6 += bytes;
}

/** Forgets all fragments of a queue. */
function flush(d: Defrag, q: FragQueue): void {
  let run = changetype<Fragment>(<usize>q.runs);
  while (changetype<usize>(run) != 0) {
    const nextRun = run.nextRun;
    let f = run;
    while (changetype<usize>(f) != 0) {
      const next = f.next;
      charge(d, q.family, -(<i32>f.truesize));
      freeFragment(d, f);
      f = changetype<Fragment>(<usize>next);
    }
    run = changetype<Fragment>(<usize>nextRun);
  }
  q.runs = 0;
  q.lastRun = 0;
  q.tail = 0;
}

/** Ends a queue, complete or not. */
export function killQueue(d: Defrag, q: FragQueue): void {
  let link = bucketOf(d, q.id, q.src0, q.src1, q.dst0, q.dst1);
  const at = <u32>changetype<usize>(q);
  while (load<u32>(link) != at) link = <usize>load<u32>(link) + offsetof<FragQueue>('next');
  store<u32>(link, q.next);
  unlinkAge(d, q);
  flush(d, q);
  charge(d, q.family, -(<i32>QUEUE_SIZE));
  putPeer(d, q.peer);
  d.queued--;
  freeQueue(d, q);
}

let failures: u32 = 0;

/** Counts a datagram that was given up. */
export function noteFailure(): void {
  failures++;
}

/** Datagrams given up since the last call. */
export function takeFailures(): u32 {
  const count = failures;
  failures = 0;
  return count;
}

/** Ends a queue whose datagram cannot become whole. */
export function giveUp(d: Defrag, q: FragQueue): void {
  noteFailure();
  killQueue(d, q);
}

/** Ends the queues whose time is over at `now`; returns how many. */
export function expireQueues(d: Defrag, now: u64): u32 {
  let count: u32 = 0;
  while (d.oldest4 != 0 && changetype<FragQueue>(<usize>d.oldest4).expires <= now) {
    killQueue(d, changetype<FragQueue>(<usize>d.oldest4));
    count++;
  }
  while (d.oldest6 != 0 && changetype<FragQueue>(<usize>d.oldest6).expires <= now) {
    killQueue(d, changetype<FragQueue>(<usize>d.oldest6));
    count++;
  }
  return count;
}

/** The queue of the key set by setKey, made if need be; null: too much is queued already. */
export function findQueue(d: Defrag, now: u64): FragQueue {
  const none = changetype<FragQueue>(0);
  if ((keyFamily == FAMILY_V4 ? d.memory4 : d.memory6) > HIGH_THRESH) return none;
  const bucket = bucketOf(d, keyId, keySrc0, keySrc1, keyDst0, keyDst1);
  let q = changetype<FragQueue>(<usize>load<u32>(bucket));
  while (changetype<usize>(q) != 0) {
    if (matches(q)) return q;
    q = changetype<FragQueue>(<usize>q.next);
  }
  q = newQueue(d);
  if (changetype<usize>(q) == 0) return none;
  q.family = <u8>keyFamily;
  q.user = <u8>keyUser;
  q.proto = <u8>keyProto;
  q.iface = <u16>keyIface;
  q.vlan = keyVlan;
  q.id = keyId;
  q.src0 = keySrc0;
  q.src1 = keySrc1;
  q.dst0 = keyDst0;
  q.dst1 = keyDst1;
  if (keyFamily == FAMILY_V4) q.peer = getPeer(d, <u32>keySrc0);
  q.next = load<u32>(bucket);
  store<u32>(bucket, <u32>changetype<usize>(q));
  linkYoungest(d, q, now);
  charge(d, keyFamily, QUEUE_SIZE);
  d.queued++;
  return q;
}

/** IPv4's defence against reuse of ids: ip_frag_too_far() and ip_frag_reinit(). */
export function restartIfTooFar(d: Defrag, q: FragQueue, now: u64): bool {
  if (q.peer == 0) return false;
  const end = ++changetype<Peer>(<usize>q.peer).rid;
  const start = q.rid;
  q.rid = end;
  if (q.tail == 0 || end - start <= MAX_DIST) return false;
  flush(d, q);
  q.flags = 0;
  q.len = 0;
  q.meat = 0;
  q.ecn = 0;
  unlinkAge(d, q);
  linkYoungest(d, q, now);
  return true;
}

function appendRun(q: FragQueue, f: Fragment): void {
  const at = <u32>changetype<usize>(f);
  if (q.lastRun != 0) changetype<Fragment>(<usize>q.lastRun).nextRun = at;
  else q.runs = at;
  q.lastRun = at;
  q.tail = at;
}

/** Puts a fragment into its queue: inet_frag_queue_insert(). INSERT_*. */
export function insertFragment(d: Defrag, q: FragQueue, f: Fragment): u32 {
  const offset = f.offset;
  const end = offset + f.len;
  f.runLen = f.len;
  const last = changetype<Fragment>(<usize>q.tail);
  if (q.tail == 0) {
    appendRun(q, f);
  } else if (last.offset + last.len < end) {
    if (offset < last.offset + last.len) return INSERT_OVERLAP;
    if (offset == last.offset + last.len) {
      changetype<Fragment>(<usize>q.lastRun).runLen += f.len;
      last.next = <u32>changetype<usize>(f);
      q.tail = <u32>changetype<usize>(f);
    } else {
      appendRun(q, f);
    }
  } else {
    let before = changetype<Fragment>(0);
    let run = changetype<Fragment>(<usize>q.runs);
    while (offset >= run.offset + run.runLen) {
      before = run; // not the last run: that one ends at or behind `end`
      run = changetype<Fragment>(<usize>run.nextRun);
    }
    if (end > run.offset) {
      return offset >= run.offset && end <= run.offset + run.runLen
        ? INSERT_DUPLICATE
        : INSERT_OVERLAP;
    }
    f.nextRun = <u32>changetype<usize>(run);
    if (changetype<usize>(before) != 0) before.nextRun = <u32>changetype<usize>(f);
    else q.runs = <u32>changetype<usize>(f);
  }
  q.meat += f.len;
  charge(d, q.family, f.truesize);
  return INSERT_OK;
}

/** Gives up all queues; returns how many there were. */
export function killAllQueues(d: Defrag): u32 {
  const count = d.queued;
  while (d.oldest4 != 0) killQueue(d, changetype<FragQueue>(<usize>d.oldest4));
  while (d.oldest6 != 0) killQueue(d, changetype<FragQueue>(<usize>d.oldest6));
  return count;
}
