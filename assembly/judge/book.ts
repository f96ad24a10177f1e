/**
 * The books: what became of a packet, once that is known, goes into traversals, caches, statistics,
 * predictions and result records.
 */
import {
  CT_INVALID,
  CT_NEW,
  CT_UNTRACKED,
  DIR_ORIGINAL,
  NAT_DST,
  NAT_SRC,
  NONE,
  REASON_CONNTRACK,
  REASON_FRAGMENT,
  REASON_HOTDROP,
  REASON_NO_RULES,
  REASON_NONE,
  REASON_POLICY,
  REASON_RULE,
  RESULT_AMBIGUOUS,
  RESULT_CACHED,
  RESULT_CT_NONE,
  RESULT_PICKED_UP,
  STAT_BYTES,
  STAT_CACHE_HITS,
  STAT_CONN_DNAT,
  STAT_CONN_SNAT,
  STAT_CONNECTIONS,
  STAT_IGNORED,
  STAT_INJECTED,
  STAT_NAT_CHOSEN,
  STAT_PICKED_UP,
  VERDICT_ACCEPT,
  VERDICT_DROP,
  VERDICT_NONE,
  VERDICT_REJECT,
} from '../abi';
import { REJECT_TCP_RESET } from '../abi-rules';
import {
  Conn,
  CONN_NAT_CHOSEN,
  CONN_PICKED_UP,
  IPS_CONFIRMED,
  IPS_DST_NAT,
  IPS_SRC_NAT,
  isGuessed,
} from '../conntrack/conn';
import { closeRejected, movesOwner, release } from '../conntrack/index';
import { allocate } from '../memory';
import { spansOwners } from '../nat/index';
import { fingerprint } from '../observe/fingerprint';
import { nextPrediction, ownersMoved } from '../observe/pending';
import { Packet } from '../packet';
import { cachedOutcome, cacheTraversal } from '../pipeline/cached';
import { decidedBy, decidedByPolicy } from '../pipeline/hooks';
import { rememberOpening } from '../pipeline/opening';
import { classify, outcome } from '../pipeline/outcome';
import { writeIgnored, writeResult } from '../result';
import { Traversal } from '../slot';
import { attachStats, count, countBy } from '../stats';
import { addConnection, endTraversal, repeatTraversal } from '../traversal';
import { quotedEndpoints } from '../wire/owner';

let key: Traversal = changetype<Traversal>(0); // outcome of the walk at hand
let workers: u32 = 1;
let conflict: bool = false;

/** Makes this instance one of `ofWorkers`. False when memory runs out. */
export function attachBook(ofWorkers: u32): bool {
  key = changetype<Traversal>(allocate(offsetof<Traversal>()));
  workers = ofWorkers;
  conflict = false;
  return changetype<usize>(key) != 0 && attachStats();
}

/** Whether one worker has to judge everything. */
export function isOwnerConflict(): bool {
  return conflict;
}

/** Books the outcome: traversal, caches, statistics, prediction and result record. */
export function conclude(p: Packet, verdict: u32, print: u64, doubt: u32, result: usize): void {
  count(STAT_INJECTED);
  if (doubt != 0 && !isFirst(p)) doubt = 0; // what began is in doubt, not what follows
  if (doubt != 0) count(doubt);
  countBy(STAT_BYTES, p.ipLen);
  if (outcome.cached != 0) {
    const t = cachedOutcome();
    let flags = doubt ? RESULT_AMBIGUOUS : 0;
    repeatTraversal(t, p.ipLen); // not before: a packet seen leaving may be taken back till now
    if (outcome.opened) {
      if (isFirst(p)) addConnection(t);
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
    closeRejected(changetype<Conn>(<usize>p.conn), p);
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
export function noteMove(): void {
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
  const isTold = p.ctState == CT_INVALID || p.ctState == CT_UNTRACKED;
  if (p.conn == 0 && !isTold) return <u8>RESULT_CT_NONE;
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
  e.quoted = quotedEndpoints(p);
}

/** Whether the packet leaves as its connection's original direction does, by a guess. */
@inline
export function hasGuess(p: Packet): bool {
  if (p.conn == 0 || p.ctDir != DIR_ORIGINAL) return false;
  const conn = changetype<Conn>(<usize>p.conn);
  return isGuessed(conn) && conn.proto == p.proto;
}

/** Books a frame that is not evaluated. */
export function ignoreAt(result: usize, reason: u32, role: u32, iface: u32): void {
  count(STAT_IGNORED);
  if (result != 0) writeIgnored(result, reason, role, iface);
}
