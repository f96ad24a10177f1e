/** The connlimit match (xt_connlimit.c, nf_conncount.c): connections per address. */
import { Conn, IPS_ASSURED, IPS_CONFIRMED } from '../../conntrack/conn';
import { zoneOf } from '../../conntrack/extra';
import { findZoned } from '../../conntrack/table';
import {
  loadPacket,
  loadTuple,
  setTuple,
  tupleDport,
  tupleDst,
  tupleProto,
  tupleSport,
  tupleSrc,
} from '../../conntrack/tuple';
import { findInZone, packetZone } from '../../conntrack/zone';
import { findRecord, HashTable, initHashTable, insertRecord } from '../../lookup/hash-table';
import { allocate } from '../../memory';
import { Packet } from '../../packet';
import { keyHigh, keyLow } from '../dimension';
import { matchPayload } from '../record';
import { jiffies, stateAt } from '../state';
import { isInverted } from './header';

const TCP: u32 = 6;
const TCP_TIME_WAIT: u32 = 7;
const TCP_CLOSE: u32 = 8;

/** Arguments, see MATCH_CONNLIMIT; inverted: at most `limit`. */
@unmanaged
class Config {
  state: u32;
  limit: u32;
  destination: u32;
  unused: u32;
  maskHigh: u64;
  maskLow: u64;
}

/** The connections of one address. */
@unmanaged
class Group {
  high: u64;
  low: u64;
  zone: u64; // ── end of the key
  members: u32; // Member array
  room: u32;
  count: u32;
  checkedCount: u32; // last_gc_count
  checked: u64; // last_gc, jiffies
}
const KEY_BYTES: u32 = 24;
const FIRST_ROOM: u32 = 8;
const MOST_AT_ONCE: u32 = 64; // CONNCOUNT_GC_MAX_COLLECT

/** The original tuple of a connection that was counted, and its zone in each direction. */
@unmanaged
class Member {
  src: u32;
  dst: u32;
  sport: u16;
  dport: u16;
  proto: u8;
  family: u8; // ── end of the tuple
  originalZone: u16;
  replyZone: u16;
}

let key: usize = 0;
let asked: usize = 0; // Member: the packet's own connection
let known: usize = 0; // that connection, or 0

/** MATCH_CONNLIMIT */
export function connlimitMatches(p: Packet, match: usize): bool {
  const config = changetype<Config>(matchPayload(match));
  if (key == 0) {
    key = allocate(KEY_BYTES);
    asked = allocate(offsetof<Member>());
    if (key == 0 || asked == 0) return false;
  }
  const member = changetype<Member>(asked);
  if (!describe(p, member)) {
    p.hotdrop = 1;
    return false;
  }
  const conn = known;
  const handle = config.destination ? p.dst : p.src;
  store<u64>(key, keyHigh(p.family, handle) & config.maskHigh);
  store<u64>(key, keyLow(p.family, handle) & config.maskLow, 8);
  store<u64>(key, member.originalZone | member.replyZone, 16); // one zone, in one or both
  const table = changetype<HashTable>(stateAt(config.state));
  if (table.keyBytes == 0) initHashTable(table, KEY_BYTES, offsetof<Group>());
  const isFirst = findRecord(table, key) == 0;
  const record = insertRecord(table, key);
  const group = changetype<Group>(record);
  if (record == 0 || !note(group, member, conn, isFirst, p.tsNanos) || group.count == 0) {
    p.hotdrop = 1;
    return false;
  }
  return group.count > config.limit != isInverted(match);
}

/** Counts the connection if it is to be (nf_conncount_add_skb() of 6.18). False: no memory. */
function note(group: Group, member: Member, conn: usize, isFirst: bool, now: u64): bool {
  const jiffy = jiffies(now);
  if (isFirst) {
    group.checked = jiffy;
    return append(group, member);
  }
  const status = conn == 0 ? 0 : changetype<Conn>(conn).status;
  const isConfirmed = (status & IPS_CONFIRMED) != 0;
  const isFresh = group.checked == jiffy;
  if (isConfirmed && status & IPS_ASSURED) {
    // Counted when it began, or not at all; nf_conncount_gc_list() even drops it when it is closed.
    if (!isFresh) {
      evict(group, null, now);
      noteChecked(group, jiffy);
    }
    return true;
  }
  if (isConfirmed || !isFresh || group.count - group.checkedCount >= MOST_AT_ONCE) {
    if (evict(group, member, now)) return true;
    noteChecked(group, jiffy);
  }
  return append(group, member);
}

@inline
function noteChecked(group: Group, jiffy: u64): void {
  group.checked = jiffy;
  group.checkedCount = group.count;
}

/**
 * Describes what the packet is counted as: its connection's original tuple, or else its own. Sets
 * `known` to the connection. False: it has neither (get_ct_or_tuple_from_skb).
 */
function describe(p: Packet, out: Member): bool {
  out.family = p.family;
  known = p.conn;
  if (known == 0) {
    if (p.fragOff != 0 || !loadPacket(p)) return false;
    out.originalZone = <u16>packetZone(p, 0);
    out.replyZone = <u16>packetZone(p, 1);
    known = findInZone(p);
  } else {
    const conn = changetype<Conn>(known);
    out.originalZone = <u16>zoneOf(conn, 0);
    out.replyZone = <u16>zoneOf(conn, 1);
    loadTuple(conn, 0);
  }
  out.src = tupleSrc;
  out.dst = tupleDst;
  out.sport = <u16>tupleSport;
  out.dport = <u16>tupleDport;
  out.proto = <u8>tupleProto;
  return true;
}

@inline
function memberAt(group: Group, index: u32): Member {
  return changetype<Member>(<usize>group.members + <usize>index * offsetof<Member>());
}

/**
 * Drops connections that are gone or closed, from the oldest on, up to `own`, whose presence it
 * tells, and no more than so many at once.
 */
function evict(group: Group, own: Member | null, now: u64): bool {
  let kept: u32 = 0;
  let i: u32 = 0;
  let isKnown = false;
  for (; i < group.count && i - kept <= MOST_AT_ONCE && !isKnown; i++) {
    const m = memberAt(group, i);
    setTuple(m.src, m.dst, m.sport, m.dport, m.proto);
    const found = findZoned(m.family, m.originalZone, m.replyZone, now);
    if (found == 0) continue;
    const conn = changetype<Conn>(found);
    isKnown = own !== null && isSame(m, own) && zoneOf(conn, 0) == own.originalZone;
    if (!isKnown && isClosed(conn)) continue;
    move(group, i, kept++, 1);
  }
  move(group, i, kept, group.count - i);
  group.count -= i - kept;
  return isKnown;
}

@inline
function isSame(a: Member, b: Member): bool {
  const bytes = offsetof<Member>('originalZone');
  return memory.compare(changetype<usize>(a), changetype<usize>(b), bytes) == 0;
}

@inline
function move(group: Group, from: u32, to: u32, count: u32): void {
  if (from == to) return;
  const target = changetype<usize>(memberAt(group, to));
  memory.copy(target, changetype<usize>(memberAt(group, from)), <usize>count * offsetof<Member>());
}

/** already_closed() */
function isClosed(conn: Conn): bool {
  if (<u32>conn.proto != TCP) return false;
  return <u32>conn.state == TCP_TIME_WAIT || <u32>conn.state == TCP_CLOSE;
}

function append(group: Group, member: Member): bool {
  if (group.count == group.room) {
    const room = group.room == 0 ? FIRST_ROOM : group.room * 2;
    const fresh = allocate(<usize>room * offsetof<Member>());
    if (fresh == 0) return false;
    memory.copy(fresh, group.members, <usize>group.count * offsetof<Member>());
    group.members = <u32>fresh;
    group.room = room;
  }
  const at = changetype<usize>(memberAt(group, group.count++));
  memory.copy(at, changetype<usize>(member), offsetof<Member>());
  return true;
}
