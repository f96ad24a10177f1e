/**
 * The express way for packets that begin a connection as others did before (pipeline/opening.ts):
 * judged straight from the frame record as in express.ts; whatever differs in anything takes the
 * long way. What a new connection touches lies anywhere in large tables: its opening, the traversal,
 * the bucket of the answers' tuple. So that the cache misses of many packets overlap, all that is
 * looked up some packets ahead, and kept here.
 */
import {
  CT_ESTABLISHED,
  CT_NEW,
  STAT_BYTES,
  STAT_CONN_DNAT,
  STAT_CONNECTIONS,
  STAT_INJECTED,
} from './abi';
import { AHEAD_ENTRY, AHEAD_HASH, AHEAD_REF } from './ahead';
import { Conn, IPS_DST_NAT } from './conntrack/conn';
import {
  bucketOf,
  hashAhead,
  isPickUp,
  isStart,
  isUnknown,
  movesOwner,
  start,
} from './conntrack/index';
import { checksums, IPV4_ID, TCP, UDP, UDP_CHECK } from './express';
import { noteMove } from './judge/book';
import { fill } from './judge/entry';
import { allocate } from './memory';
import { tcpFingerprint, udpFingerprint } from './observe/fingerprint';
import { nextPrediction, setOrdinary } from './observe/pending';
import { FrameRecord, Packet } from './packet';
import { isEntranceOpen } from './pipeline/entrance';
import {
  givenDport,
  givenDst,
  isGivenAlike,
  smallestMtu,
  somePickUp,
} from './pipeline/opening';
import {
  beginKey,
  completeKey,
  entryIn,
  hasKey,
  isOfFirst,
  NATURE_REPLY,
  Opening,
  OpeningKey,
} from './pipeline/openings';
import { resetOutcome } from './pipeline/outcome';
import { writeResult } from './result';
import { Traversal } from './slot';
import { count, countBy } from './stats';
import { plainKey } from './table/index';
import { addConnection, repeatTraversal } from './traversal';
import { isRightV4 } from './wire/checksum';
import { IPV4_HEADER } from './wire/ipv4';
import { isTranslatableV4 } from './wire/translatable';

/** What was looked up for a frame ahead. */
@unmanaged
class Ahead extends OpeningKey {
  entry: u32; // the Opening with this key, or 0
  set: u32; // where it may be; 0: not looked for
  record: FrameRecord;
  hash: u32; // of its tuple
  // with an entry:
  traversal: u32; // without one: that of another in the set, or 0
  dst: u32; // as it leaves
  dport: u32;
  replyHash: u32; // of its answers' tuple, and …
  bucket: u32; // … that one's, or 0 where no connection begins
  pad: u64;
}

let aheads: usize = 0; // Ahead per frame
let areLookedAt: bool = false; // those of the frames ahead now
let unseen: OpeningKey = changetype<OpeningKey>(0); // of a frame that was not looked at

/** Makes room for `most` frames to be looked ahead at. False when memory runs out. */
export function attachExpressOpening(most: usize): bool {
  aheads = allocate(most * offsetof<Ahead>());
  unseen = changetype<OpeningKey>(allocate(offsetof<OpeningKey>()));
  areLookedAt = false;
  return aheads != 0 && changetype<usize>(unseen) != 0;
}

/**
 * Looks up what those of the frames ahead (from `first` to `last`, see ahead.ts) will need for
 * which no connection was found, or one that remembers no way in their direction. Returns a sum
 * that nobody needs, so that what was read for the cache alone is not dropped.
 */
export function lookAtOpenings(first: usize, last: usize): u64 {
  areLookedAt = true;
  let end = aheads;
  for (let at = first; at < last; at += AHEAD_ENTRY) {
    const a = changetype<Ahead>(end);
    a.record = changetype<FrameRecord>(<usize>load<u32>(at));
    a.hash = load<u32>(at, AHEAD_HASH);
    const ref = load<u32>(at, AHEAD_REF);
    a.set = hasNoWay(ref) ? <u32>setOf(a.record, ref == 0, a) : 0;
    end += offsetof<Ahead>();
  }
  // loops of nothing but loads, as in replay.ts; address 0 holds nothing, and may be read
  let sum: u64 = 0;
  for (let at = aheads; at < end; at += offsetof<Ahead>()) {
    const set = <usize>changetype<Ahead>(at).set;
    sum += load<u64>(set) + load<u64>(set, offsetof<Opening>());
  }
  for (let at = aheads; at < end; at += offsetof<Ahead>()) findEntry(changetype<Ahead>(at));
  for (let at = aheads; at < end; at += offsetof<Ahead>()) {
    const a = changetype<Ahead>(at);
    sum += load<u64>(<usize>a.traversal) + load<u64>(<usize>a.bucket);
  }
  return sum;
}

/** None of the frames ahead is looked at, as all have connections. */
@inline
export function passOpenings(): void {
  areLookedAt = false;
}

/** What beginKey() makes of a plain frame whose entry lies `offset` behind the first one ahead. */
@inline
export function keyBegun(r: FrameRecord, offset: usize): OpeningKey {
  if (areLookedAt) {
    const a = changetype<Ahead>(aheads + (offset / AHEAD_ENTRY) * offsetof<Ahead>());
    if (a.set != 0) return a;
  }
  beginKey(unseen, r.src, r.dst, <u32>r.sport | (<u32>r.dport << 16), r.proto, r.iface);
  return unseen;
}

/** Whether there is no connection `ref`, or it remembers no way in the direction of `ref`. */
@inline
function hasNoWay(ref: u32): bool {
  const way = <usize>(ref & ~1) + (<usize>(ref & 1) << 2);
  return ref == 0 || load<u32>(way, offsetof<Conn>('way0')) == 0;
}

/** Looks for the entry of a frame that may begin a connection, and for what that leads to. */
@inline
function findEntry(a: Ahead): void {
  a.entry = 0;
  a.traversal = 0;
  a.bucket = 0;
  if (a.set == 0) return;
  a.traversal = changetype<Opening>(<usize>a.set).traversal;
  if (!isOfFirst(a)) return;
  a.entry = <u32>entryIn(a.set, a);
  if (a.entry == 0) return;
  const e = changetype<Opening>(<usize>a.entry);
  const r = a.record;
  a.traversal = e.traversal;
  a.dst = givenDst(e, r.dst);
  a.dport = givenDport(e, r.dport);
  if (!e.isAccepted) return;
  a.replyHash = hashAhead(r.proto, a.dst, r.src, a.dport | (<u32>r.sport << 16));
  a.bucket = <u32>bucketOf(a.replyHash);
}

/**
 * Makes `to` the key of a frame that may begin a connection; of one that may follow, as far as it is
 * known. Returns the set that its entry is in if there is one; 0: there is none.
 */
@inline
function setOf(r: FrameRecord, isNew: bool, to: OpeningKey): usize {
  if (!r.plain || r.ttl <= 1 || r.ipLen > smallestMtu) return 0;
  const proto = <u32>r.proto;
  if (proto != TCP && proto != UDP) return 0;
  const l4 = <usize>r.l3 + IPV4_HEADER;
  const len = r.ipLen - IPV4_HEADER;
  const starts = isStart(proto, l4, len) || (somePickUp && isPickUp(proto, l4, len));
  const begins = isNew && starts;
  const state = begins ? CT_NEW : CT_ESTABLISHED;
  const volatile = plainKey(state, r.tcpFlags, r.ttl, r.tos, r.ipLen, 0);
  if (volatile == 0) return 0;
  const ports = <u32>r.sport | (<u32>r.dport << 16);
  const nature = begins ? 0 : NATURE_REPLY; // of none: what follows is of a confirmed connection
  beginKey(to, r.src, r.dst, ports, proto, r.iface);
  return completeKey(to, volatile, nature, 0);
}

/** Whether another destination may make another owner: it does not among those that NAT touches. */
@inline
function movesDestination(dst: u32, given: u32): bool {
  return !isTranslatableV4(given) || !isTranslatableV4(dst);
}

/**
 * Judges frame number `frame`, whose entry lies `offset` behind the first one ahead. `p` is filled
 * where a result is asked for. False: nothing was done.
 */
export function goOpening(
  p: Packet,
  r: FrameRecord,
  offset: usize,
  frame: u64,
  result: usize,
): bool {
  const a = changetype<Ahead>(aheads + (offset / AHEAD_ENTRY) * offsetof<Ahead>());
  if (a.entry == 0) return false;
  const e = changetype<Opening>(<usize>a.entry);
  if (!hasKey(a.entry, a) || !isEntranceOpen(r.iface, frame)) return false;
  const dst = a.dst;
  const dport = <u16>a.dport;
  if (!isGivenAlike(e, r.dst != dst || r.dport != dport)) return false;

  const l3 = <usize>r.l3;
  const l4 = l3 + IPV4_HEADER;
  const len = r.ipLen - IPV4_HEADER;
  const isTcp = <u32>r.proto == TCP;
  const begins = a.bucket != 0;
  if (begins && !isStart(r.proto, l4, len)) return false;
  if (checksums && (isTcp || load<u16>(l4, UDP_CHECK) != 0)) {
    if (!isRightV4(l3, l4, len, r.proto)) return false;
  }
  if (!isUnknown(r, a.hash)) return false;
  if (begins) {
    const conn = start(r, a.hash, dst, dport, a.replyHash, e.status);
    if (conn == 0) return false;
    count(STAT_CONNECTIONS);
    if (e.status & IPS_DST_NAT) count(STAT_CONN_DNAT);
    if (movesDestination(r.dst, dst) && movesOwner(changetype<Conn>(conn))) noteMove();
  }
  const t = changetype<Traversal>(<usize>e.traversal);
  repeatTraversal(t, r.ipLen);
  addConnection(t);
  count(STAT_INJECTED);
  countBy(STAT_BYTES, r.ipLen);

  const id: u32 = load<u16>(l3, IPV4_ID);
  const prediction = nextPrediction();
  prediction.fingerprint = isTcp ? tcpFingerprint(id, l4) : udpFingerprint(id, l4, len, len);
  prediction.tsNanos = r.tsNanos;
  prediction.frame = frame;
  prediction.src = r.src;
  prediction.dst = dst;
  prediction.sport = r.sport;
  prediction.dport = dport;
  prediction.traversal = e.traversal;
  setOrdinary(prediction);

  if (result != 0) {
    fill(p, r, frame);
    resetOutcome(p);
    p.dst = dst;
    p.dport = dport;
    writeResult(p, t, result, 0);
  }
  return true;
}
