/**
 * The loop: judges the frames of a slot that this worker owns, in capture order. Each frame is
 * evaluated where its packet entered the host; further sightings of the packet are compared with
 * the prediction.
 */
import {
  CT_INVALID,
  CT_NEW,
  CT_UNTRACKED,
  DIR_ORIGINAL,
  DIFFERENCE_ADDRESS,
  DIFFERENCE_DROPPED,
  DIFFERENCE_INTERFACE,
  DIRECTION_OUT,
  FAMILY_V4,
  FAULT_LINK_TYPE,
  FAULT_NONE,
  FAULT_NOT_IP,
  FRAME_HELD,
  FRAME_VLAN_DEVICE,
  FRAME_RECORD_SIZE,
  FRAME_SNAPPED,
  IFACE_BRIDGE,
  IFACE_HAIRPIN,
  IFACE_LOOPBACK,
  NAT_DST,
  NAT_SRC,
  NONE,
  PACKET_BROADCAST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
  PATH_BRIDGE,
  REASON_CONNTRACK,
  REASON_FRAGMENT,
  REASON_HOTDROP,
  REASON_MALFORMED,
  REASON_NO_RULES,
  REASON_NONE,
  REASON_NOT_HOST,
  REASON_NOT_IP,
  REASON_OTHERHOST,
  REASON_POLICY,
  REASON_RULE,
  RESULT_AMBIGUOUS,
  RESULT_CACHED,
  RESULT_CT_NONE,
  RESULT_DIFFERS,
  RESULT_PICKED_UP,
  RESULT_RECORD_SIZE,
  ROLE_IGNORE,
  ROLE_INJECT,
  STAT_BYTES,
  STAT_CACHE_HITS,
  STAT_CONN_DNAT,
  STAT_CONN_SNAT,
  STAT_CONNECTIONS,
  STAT_FRAMES,
  STAT_IGNORED,
  STAT_INJECTED,
  STAT_OBSERVED,
  STAT_OBSERVED_DIFFERENT,
  STAT_OBSERVED_EXACT,
  STAT_NAT_CHOSEN,
  STAT_PICKED_UP,
  STAT_UNVERIFIED_CHECKSUM,
  STATUS_NO_MEMORY,
  STATUS_OK,
  STATUS_OWNER_CONFLICT,
  VERDICT_ACCEPT,
  VERDICT_DROP,
  VERDICT_NONE,
  VERDICT_REJECT,
} from './abi';
import { REJECT_TCP_RESET } from './abi-rules';
import { internV6 } from './address';
import {
  CONN_NAT_CHOSEN,
  CONN_PICKED_UP,
  Conn,
  IPS_CONFIRMED,
  IPS_DST_NAT,
  IPS_SRC_NAT,
  isGuessed,
} from './conntrack/conn';
import {
  bucketOf,
  hashAhead,
  kill,
  movesOwner,
  preloadConnections,
  preloadMovesOwner,
  refOf,
  release,
  setTcpClosing,
  tableFull,
} from './conntrack/index';
import { isIcmp } from './conntrack/tuple';
import { spansOwners } from './nat/index';
import { attachExpress, goExpress } from './express';
import { ifaceAt } from './host';
import { allocate, clear } from './memory';
import { noteDifference } from './observe/difference';
import { adopt, fulfilledBy } from './observe/guess';
import { fingerprint } from './observe/fingerprint';
import { ambiguity, ORIGIN_FORWARDED, originOf, undone } from './observe/outgoing';
import {
  findPrediction,
  isAsPredicted,
  nextPrediction,
  ownersMoved,
  predicted,
  Prediction,
} from './observe/pending';
import { FrameRecord, Packet } from './packet';
import { bridgedFrom, bridgeOf, fromPort, fromSomePort } from './pipeline/bridged';
import { cachedOutcome, cacheTraversal, leaveAs } from './pipeline/cached';
import { decidedBy, decidedByPolicy, forgetDecision } from './pipeline/hooks';
import { sendLocally } from './pipeline/local';
import { attachOpenings, rememberOpening } from './pipeline/opening';
import { attachOutcome, classify, Outcome, outcome, resetOutcome } from './pipeline/outcome';
import { attachReassembly } from './pipeline/reassemble';
import { receive } from './pipeline/routed';
import { writeIgnored, writeObserved, writeResult } from './result';
import { ResultRecord, Slot, Traversal } from './slot';
import { attachStats, count, countBy } from './stats';
import { packetBegin } from './table/index';
import { beginTraversal, endTraversal } from './traversal';
import { isInnerSeen, isSeenBelow } from './wire/index';

const AHEAD: u32 = 64;

let packet: Packet = changetype<Packet>(0);
let key: Traversal = changetype<Traversal>(0); // outcome of the walk at hand
let worker: u32 = 0;
let workers: u32 = 1;
let conflict: bool = false;
let ahead: usize = 0; // u32 connection reference of each own frame ahead, then a sum nobody reads

export function attachReplay(thisWorker: u32, ofWorkers: u32): bool {
  const base = allocate(512);
  ahead = allocate(AHEAD * 4 + 8);
  if (base == 0 || ahead == 0) return false;
  if (!attachStats() || !attachExpress() || !attachReassembly() || !attachOpenings()) return false;
  packet = changetype<Packet>(base);
  key = changetype<Traversal>(base + 192);
  attachOutcome(base + 320);
  worker = thisWorker;
  workers = ofWorkers;
  conflict = false;
  return offsetof<Packet>() <= 192 && offsetof<Traversal>() <= 128 && offsetof<Outcome>() <= 192;
}

/** Judges this worker's frames of `slot`. STATUS_*. */
export function judgeSlot(slot: Slot): u32 {
  const n = slot.frameCount;
  let record = <usize>slot.frames;
  if (slot.firstFrame == 1 && n > 0) {
    const start = changetype<FrameRecord>(record).tsNanos;
    if (!preloadConnections(start, worker, workers)) return STATUS_NO_MEMORY;
    if (preloadMovesOwner()) noteMove();
  }
  let result = <usize>slot.results;
  let frames: u64 = 0;
  let express: u64 = 0;
  let bytes: u64 = 0;
  let lookedAt: u32 = 0; // frames of the slot whose connections were looked up
  let next = ahead;
  for (let i: u32 = 0; i < n; i++) {
    if (i == lookedAt) {
      lookedAt += lookAhead(record, n - i);
      next = ahead;
    }
    const r = changetype<FrameRecord>(record);
    if (isOwn(r)) {
      const ref = load<u32>(next);
      next += 4;
      const frame = slot.firstFrame + i;
      const traversal = ref == 0 ? 0 : goExpress(r, ref, frame);
      if (traversal == 0) {
        judge(r, frame, result);
      } else {
        express++;
        bytes += r.ipLen;
        if (result != 0) writeExpress(r, ref, changetype<Traversal>(traversal), result);
      }
      frames++;
    }
    record += FRAME_RECORD_SIZE;
    if (result != 0) result += RESULT_RECORD_SIZE;
  }
  countBy(STAT_FRAMES, frames);
  countBy(STAT_INJECTED, express);
  countBy(STAT_CACHE_HITS, express);
  countBy(STAT_BYTES, bytes);
  if (tableFull()) return STATUS_NO_MEMORY;
  return conflict ? STATUS_OWNER_CONFLICT : STATUS_OK;
}

@inline
function isOwn(r: FrameRecord): bool {
  return workers == 1 || <u32>r.owner == worker;
}

/**
 * Reads what the look-ups of this worker's next frames will need: all their buckets, then all the
 * connections in them. Each loop of loads does nothing else, so that the processor has the cache
 * misses of all its packets under way at once. `ahead` then has a reference for each of them. Returns
 * how many of the `n` frames from `first` on that covers, others' included.
 */
function lookAhead(first: usize, n: u32): u32 {
  let record = first;
  let end = ahead;
  let i: u32 = 0;
  for (; i < n && end != ahead + AHEAD * 4; i++) {
    const r = changetype<FrameRecord>(record);
    if (isOwn(r)) {
      const ports = <u32>r.sport | (<u32>r.dport << 16);
      store<u32>(end, hashAhead(r.proto, r.src, r.dst, ports));
      end += 4;
    }
    record += FRAME_RECORD_SIZE;
  }
  let sum: u64 = 0;
  for (let at = ahead; at < end; at += 4) sum += load<u64>(bucketOf(load<u32>(at)));
  for (let at = ahead; at < end; at += 4) store<u32>(at, refOf(load<u32>(at)));
  for (let at = ahead; at < end; at += 4) {
    const conn = <usize>(load<u32>(at) & ~1);
    sum += load<u64>(conn) + load<u64>(conn, 64); // address 0 holds nothing, and may be read
  }
  store<u64>(ahead + AHEAD * 4, sum); // so that the reads are not dropped
  return i;
}

/** The result of a packet that went express. */
function writeExpress(r: FrameRecord, ref: u32, t: Traversal, result: usize): void {
  const p = packet;
  fill(p, r, 0);
  resetOutcome(p);
  p.conn = ref & ~1;
  p.ctDir = <u8>(ref & 1);
  leaveAs(p, changetype<Conn>(<usize>p.conn));
  writeResult(p, t, result, RESULT_CACHED);
}

function judge(r: FrameRecord, frame: u64, result: usize): void {
  if (r.fault != FAULT_NONE) return faulty(r, result);
  if (r.flags & FRAME_HELD) return ignore(r, result, REASON_FRAGMENT, ROLE_INJECT);
  if (r.iface == 0) return ignore(r, result, REASON_NOT_HOST, ROLE_IGNORE);
  const p = packet;
  fill(p, r, frame);
  const iface = ifaceAt(r.iface);
  const print = fingerprint(p);
  if (r.direction == DIRECTION_OUT) {
    const found = findPrediction(print, p);
    if (found != 0) return observeLeaving(changetype<Prediction>(found), r, frame, result);
    return leaving(p, r, print, result);
  }
  if (iface.kind == IFACE_BRIDGE) {
    if (!isSeenBelow(r.iface, frame)) {
      const port = bridgedFrom(p, r.iface);
      if (port != 0) {
        beginOnPort(p, port);
        return conclude(p, fromSomePort(p, r.iface), print, 0, result);
      }
    } else {
      const found = findPrediction(print, p);
      if (found != 0 && wasOnPort(changetype<Prediction>(found), r.iface)) {
        return observeInside(changetype<Prediction>(found), frame, result);
      }
    }
  } else if (iface.kind == IFACE_LOOPBACK) {
    const found = findPrediction(print, p);
    if (found != 0 && predicted(changetype<Prediction>(found)).out == r.iface) {
      return observeInside(changetype<Prediction>(found), frame, result);
    }
    return leaving(p, r, print, result); // libpcap shows loopback packets once, coming in
  }
  if (iface.lower != 0 && !(r.flags & FRAME_VLAN_DEVICE) && isSeenBelow(r.iface, frame)) {
    // the VLAN device itself, where its tagged frames were seen below it
    const found = findPrediction(print, p);
    if (found != 0 && wasTagged(changetype<Prediction>(found), r.iface)) {
      return observeInside(changetype<Prediction>(found), frame, result);
    }
  }
  if (iface.flags & IFACE_HAIRPIN) {
    // back out by the port it came from: its source MAC makes it look like another arrival
    const found = findPrediction(print, p);
    if (found != 0 && turnedBack(p, changetype<Prediction>(found), r.iface)) {
      return observeLeaving(changetype<Prediction>(found), r, frame, result);
    }
    if (found != 0 && floodedBack(p, changetype<Prediction>(found), r.iface)) {
      return observeInside(changetype<Prediction>(found), frame, result);
    }
  }
  arrive(p, r.iface, print, result);
}

/** Whether an evaluated packet came in by a port of this bridge. */
function wasOnPort(e: Prediction, bridge: u32): bool {
  const t = predicted(e);
  return t.in == <u16>bridge && t.physIn != 0;
}

/** Whether an evaluated packet came in by this VLAN device. */
function wasTagged(e: Prediction, device: u32): bool {
  const t = predicted(e);
  return <u32>t.in == device || <u32>t.physIn == device;
}

/** Whether the frame is a bridged packet that was predicted to leave by its own port, translated. */
function turnedBack(p: Packet, e: Prediction, port: u32): bool {
  const t = predicted(e);
  if (t.path != PATH_BRIDGE || <u32>t.physIn != port || <u32>t.physOut != port) return false;
  return isAsPredicted(e, p);
}

/** Whether the frame is a broadcast or multicast that comes back out by its own port, once. */
function floodedBack(p: Packet, e: Prediction, port: u32): bool {
  if (p.pktType != PACKET_BROADCAST && p.pktType != PACKET_MULTICAST) return false;
  if (<u32>predicted(e).physIn != port || e.cameBack != 0) return false;
  e.cameBack = 1;
  return true;
}

/** Fills the worker's packet from a decoded frame. */
function fill(p: Packet, r: FrameRecord, frame: u64): void {
  clear(changetype<usize>(p), (offsetof<Packet>() + 15) & ~15);
  p.family = r.family;
  if (r.family == FAMILY_V4) {
    p.src = r.src;
    p.dst = r.dst;
  } else {
    p.src = internV6(<usize>r.l3 + 8);
    p.dst = internV6(<usize>r.l3 + 24);
  }
  p.sport = r.sport;
  p.dport = r.dport;
  p.proto = r.proto;
  p.ttl = r.ttl;
  p.tos = r.tos;
  p.tcpFlags = r.tcpFlags;
  p.icmpType = r.icmp;
  p.pktType = r.pktType;
  p.ipLen = r.ipLen;
  p.flags = r.flags;
  p.l2 = r.l2;
  p.l3 = r.l3;
  p.capLen = r.capLen;
  p.fragOff = r.fragOff;
  p.vlan = r.vlan;
  p.tsNanos = r.tsNanos;
  p.frame = frame;
  const l4Off = <u32>r.l4Off;
  if (l4Off != 0) {
    p.l4 = r.l3 + l4Off;
    p.l4Len = r.ipLen > l4Off ? r.ipLen - l4Off : 0;
    p.l4Cap = r.capLen > l4Off ? r.capLen - l4Off : 0;
    if (p.l4Cap > p.l4Len) p.l4Cap = p.l4Len;
    if (p.l4Cap >= 2) p.icmpCode = load<u8>(<usize>p.l4, 1);
  }
  if (r.flags & FRAME_SNAPPED) count(STAT_UNVERIFIED_CHECKSUM);
}

/** Evaluates a packet that came in by `iface`. */
function arrive(p: Packet, iface: u32, print: u64, result: usize): void {
  const bridge = bridgeOf(iface);
  if (bridge == 0 && p.pktType == PACKET_OTHERHOST) {
    return ignoreAt(result, REASON_OTHERHOST, ROLE_IGNORE, iface);
  }
  if (bridge != 0) {
    beginOnPort(p, iface);
    return conclude(p, fromPort(p, bridge), print, 0, result);
  }
  begin(p);
  p.in = <u16>iface;
  outcome.firstIn = p.in;
  conclude(p, receive(p), print, 0, result);
}

function beginOnPort(p: Packet, port: u32): void {
  begin(p);
  p.physIn = <u16>port;
  outcome.firstPhysIn = p.physIn;
}

function begin(p: Packet): void {
  resetOutcome(p);
  forgetDecision();
  beginTraversal(p.ipLen);
  packetBegin(p);
}

/** A packet seen going out that no prediction accounts for: evaluated where it entered. */
function leaving(p: Packet, r: FrameRecord, print: u64, result: usize): void {
  const frame = p.frame;
  const bridge = bridgeOf(r.iface);
  const out = <u16>(bridge != 0 ? bridge : r.iface);
  const src = p.src;
  const dst = p.dst;
  p.out = out;
  let verdict = enter(p, originOf(p, isInnerSeen(frame), true));
  let doubt = ambiguity;
  if (undone) {
    const left = verdict == VERDICT_ACCEPT && outcome.out == out;
    if (!left || p.src != src || p.dst != dst || p.dport != r.dport) {
      // the rules do not lead there after all: it was sent as it was seen
      takeBack(p);
      fill(p, r, frame);
      p.out = out;
      verdict = enter(p, originOf(p, isInnerSeen(frame), false));
      doubt = ambiguity;
    }
  }
  conclude(p, verdict, print, doubt, result);
}

/** Evaluates a packet that was seen leaving, from where it entered. */
function enter(p: Packet, origin: u32): u32 {
  if (origin == ORIGIN_FORWARDED) {
    p.out = 0;
    p.ttl = p.ttl == 255 ? 255 : p.ttl + 1;
    p.pktType = 0;
    p.l2 = 0;
    begin(p);
    outcome.firstIn = p.in;
    return receive(p);
  }
  const src = p.src;
  const sport = p.sport;
  p.local = 1;
  begin(p);
  const verdict = sendLocally(p);
  if (verdict == VERDICT_ACCEPT && outcome.began && hasGuess(p)) leaveAsSeen(p, src, sport);
  return verdict;
}

/** Forgets the connection that the packet at hand began. */
function takeBack(p: Packet): void {
  if (p.conn == 0) return;
  if (outcome.began) kill(changetype<Conn>(<usize>p.conn));
  else release(p);
}

/** What the host sent is known only as it was seen leaving: whatever it was, this is its mapping. */
function leaveAsSeen(p: Packet, src: u32, sport: u16): void {
  const guessedSrc = p.src;
  const guessedSport = p.sport;
  p.src = src;
  p.sport = sport;
  if (isIcmp(p.proto)) p.dport = sport;
  if (adopt(changetype<Conn>(<usize>p.conn), p)) return;
  p.src = guessedSrc;
  p.sport = guessedSport;
  if (isIcmp(p.proto)) p.dport = guessedSport;
}

/** Books the outcome: traversal, caches, statistics, prediction and result record. */
function conclude(p: Packet, verdict: u32, print: u64, doubt: u32, result: usize): void {
  count(STAT_INJECTED);
  if (doubt != 0 && !isFirst(p)) doubt = 0; // what began is in doubt, not what follows
  if (doubt != 0) count(doubt);
  countBy(STAT_BYTES, p.ipLen);
  if (outcome.cached != 0) {
    const t = cachedOutcome();
    let flags = doubt ? RESULT_AMBIGUOUS : 0;
    if (outcome.opened) {
      if (outcome.began && noteConnection(p)) flags |= RESULT_PICKED_UP;
    } else {
      count(STAT_CACHE_HITS);
      flags |= RESULT_CACHED;
    }
    predict(p, print, t);
    if (result != 0) writeResult(p, t, result, flags);
    if (t.verdict != VERDICT_ACCEPT && p.conn != 0) release(p);
    return;
  }
  if (verdict == VERDICT_NONE) verdict = <u8>VERDICT_DROP;
  if (verdict == VERDICT_REJECT && p.rejectWith == REJECT_TCP_RESET && p.conn != 0) {
    setTcpClosing(changetype<Conn>(<usize>p.conn), p.tsNanos);
  }
  let flags = doubt ? RESULT_AMBIGUOUS : 0;
  if (outcome.began && noteConnection(p)) flags |= RESULT_PICKED_UP;
  describe(p, verdict);
  const traversal = endTraversal(key, isFirst(p));
  cacheTraversal(p, traversal, verdict);
  if (outcome.opening) rememberOpening(p, traversal);
  if (traversal != 0) predict(p, print, changetype<Traversal>(traversal));
  if (result != 0) writeResult(p, key, result, flags);
  if (verdict != VERDICT_ACCEPT && p.conn != 0) release(p);
}

/** Whether this packet began a connection, or would have if it had not died on the way. */
@inline
function isFirst(p: Packet): bool {
  return outcome.began != 0 || (p.conn != 0 && p.ctState == CT_NEW && !isConfirmed(p));
}

@inline
function isConfirmed(p: Packet): bool {
  return (changetype<Conn>(<usize>p.conn).status & IPS_CONFIRMED) != 0;
}

/** NAT gave a connection to another owner: one worker has to judge everything. */
function noteMove(): void {
  ownersMoved();
  if (workers > 1) conflict = true;
}

/** Statistics of a connection that was confirmed; true when it began before the capture. */
function noteConnection(p: Packet): bool {
  const conn = changetype<Conn>(<usize>p.conn);
  count(STAT_CONNECTIONS);
  if (conn.status & IPS_DST_NAT) count(STAT_CONN_DNAT);
  if (conn.status & IPS_SRC_NAT) count(STAT_CONN_SNAT);
  if (conn.flags & CONN_NAT_CHOSEN) count(STAT_NAT_CHOSEN);
  if (movesOwner(conn) || (isGuessed(conn) && spansOwners(conn))) noteMove();
  if (!(conn.flags & CONN_PICKED_UP)) return false;
  count(STAT_PICKED_UP);
  return true;
}

/** Fills the traversal key with the packet's outcome. */
function describe(p: Packet, verdict: u32): void {
  let reason = <u32>outcome.reason;
  let decided: u32 = NONE;
  if (reason == REASON_NONE) {
    if (decidedBy != NONE) {
      reason = decidedByPolicy ? REASON_POLICY : REASON_RULE;
      decided = decidedBy;
    } else {
      reason = verdict == VERDICT_ACCEPT ? REASON_NO_RULES : REASON_CONNTRACK;
    }
    if (p.hotdrop && verdict == VERDICT_DROP) reason = <u8>REASON_HOTDROP;
  }
  key.klass = <u8>classify(p, verdict);
  key.path = outcome.path;
  const held = reason == REASON_FRAGMENT && verdict == VERDICT_ACCEPT; // not decided yet
  key.verdict = held ? <u8>VERDICT_NONE : <u8>verdict;
  key.reason = <u8>reason;
  key.in = outcome.firstIn;
  key.out = outcome.out;
  key.decidedBy = decided;
  key.ctState = ctStateOf(p);
  key.family = p.family;
  key.flags = outcome.towards;
  key.srcNetwork = outcome.srcNetwork;
  key.dstNetwork = outcome.dstNetwork;
  key.physIn = outcome.firstPhysIn;
  key.physOut = outcome.physOut;
  let nat: u32 = 0;
  if (p.conn != 0) {
    const status = changetype<Conn>(<usize>p.conn).status;
    if (status & IPS_SRC_NAT) nat |= NAT_SRC;
    if (status & IPS_DST_NAT) nat |= NAT_DST;
  }
  key.natFlags = <u8>nat;
}

@inline
function ctStateOf(p: Packet): u8 {
  if (p.conn == 0 && p.ctState != CT_INVALID && p.ctState != CT_UNTRACKED) return <u8>RESULT_CT_NONE;
  return p.ctState;
}

/** Notes how the packet leaves, if it does. */
function predict(p: Packet, print: u64, t: Traversal): void {
  const e = nextPrediction();
  e.fingerprint = print;
  e.tsNanos = p.tsNanos;
  e.frame = p.frame;
  e.src = p.src;
  e.dst = p.dst;
  e.sport = p.sport;
  e.dport = p.dport;
  e.traversal = <u32>changetype<usize>(t);
  e.copySrc = outcome.copied ? outcome.src : 0;
  e.copySport = outcome.sport;
  e.seen = 0;
  e.cameBack = 0;
  e.conn = hasGuess(p) ? p.conn : 0;
}

/** Whether the packet leaves as its connection's original direction does, by a guess. */
@inline
function hasGuess(p: Packet): bool {
  if (p.conn == 0 || p.ctDir != DIR_ORIGINAL) return false;
  const conn = changetype<Conn>(<usize>p.conn);
  return isGuessed(conn) && conn.proto == p.proto;
}

/** A further sighting of a packet inside the host: on its bridge, or back in on the loopback. */
function observeInside(e: Prediction, frame: u64, result: usize): void {
  count(STAT_OBSERVED);
  if (result != 0) writeObserved(e, frame, result, 0);
}

/** A sighting of an evaluated packet as it leaves: is it as predicted? */
function observeLeaving(newest: Prediction, r: FrameRecord, frame: u64, result: usize): void {
  count(STAT_OBSERVED);
  const bridge = bridgeOf(r.iface);
  const p = packet;
  let what: u32 = 0;
  let e = newest;
  if (!isAsPredicted(e, p) && !isCopy(p, e)) {
    const fulfilled = fulfilledBy(p, e);
    if (fulfilled != 0) e = changetype<Prediction>(fulfilled);
  }
  const t = predicted(e);
  if (t.verdict != VERDICT_ACCEPT) what = DIFFERENCE_DROPPED;
  else if (t.out != r.iface && <u32>t.out != bridge) what = DIFFERENCE_INTERFACE;
  else if (!isAsPredicted(e, p) && !isCopy(p, e)) what = DIFFERENCE_ADDRESS;
  e.seen++;
  if (what == 0) {
    if (e.seen == 1) count(STAT_OBSERVED_EXACT);
  } else if (e.seen == 1) {
    count(STAT_OBSERVED_DIFFERENT);
    noteDifference(frame, e.frame, what, r.iface, t.out);
  }
  if (result != 0) writeObserved(e, frame, result, what == 0 ? 0 : RESULT_DIFFERS);
}

/** Whether the frame is the copy that a promiscuous bridge forwarded. */
function isCopy(p: Packet, e: Prediction): bool {
  if (e.copySrc == 0 || p.src != e.copySrc || p.dst != e.dst) return false;
  return p.sport == e.copySport && p.dport == e.dport;
}

function faulty(r: FrameRecord, result: usize): void {
  if (r.fault == FAULT_NOT_IP || r.fault == FAULT_LINK_TYPE) {
    return ignore(r, result, REASON_NOT_IP, ROLE_IGNORE);
  }
  ignore(r, result, REASON_MALFORMED, ROLE_INJECT);
  if (result != 0) changetype<ResultRecord>(result).verdict = <u8>VERDICT_DROP;
}

function ignore(r: FrameRecord, result: usize, reason: u32, role: u32): void {
  ignoreAt(result, reason, role, r.iface);
}

function ignoreAt(result: usize, reason: u32, role: u32, iface: u32): void {
  count(STAT_IGNORED);
  if (result != 0) writeIgnored(result, reason, role, iface);
}
