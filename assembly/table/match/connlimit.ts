/** The connlimit match (xt_connlimit.c, nf_conncount.c): connections per address. */
import {
  HashTable,
  initHashTable,
  insertRecord,
} from '../../lookup/hash-table';
import { Conn, IPS_CONFIRMED } from '../../conntrack/conn';
import { find } from '../../conntrack/table';
import { allocate } from '../../memory';
import { Packet } from '../../packet';
import { keyHigh, keyLow } from '../dimension';
import { matchPayload } from '../record';
import { stateAt } from '../state';
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
  unused: u32;
}
const KEY_BYTES: u32 = 24;
const FIRST_ROOM: u32 = 8;

/** The original tuple of a connection that was counted. */
@unmanaged
class Member {
  src: u32;
  dst: u32;
  sport: u16;
  dport: u16;
  proto: u8;
  family: u8;
  zone: u16;
}

let key: usize = 0;
let asked: usize = 0; // Member: the packet's own connection

/** MATCH_CONNLIMIT */
export function connlimitMatches(p: Packet, match: usize): bool {
  const config = changetype<Config>(matchPayload(match));
  if (key == 0) {
    key = allocate(KEY_BYTES);
    asked = allocate(offsetof<Member>());
    if (key == 0 || asked == 0) return false;
  }
  const member = changetype<Member>(asked);
  describe(p, member);
  const handle = config.destination ? p.dst : p.src;
  store<u64>(key, keyHigh(p.family, handle) & config.maskHigh);
  store<u64>(key, keyLow(p.family, handle) & config.maskLow, 8);
  store<u64>(key, member.zone, 16);
  const table = changetype<HashTable>(stateAt(config.state));
  if (table.keyBytes == 0) initHashTable(table, KEY_BYTES, offsetof<Group>());
  const record = insertRecord(table, key);
  if (record == 0) {
    p.hotdrop = 1;
    return false;
  }
  const group = changetype<Group>(record);
  const known = evict(group, member, p.tsNanos);
  const isConfirmed =
    p.conn != 0 && (changetype<Conn>(<usize>p.conn).status & IPS_CONFIRMED) != 0;
  // A confirmed connection was counted when it began, or is not to be counted (6.18).
  if (!known && (!isConfirmed || group.count == 0) && !append(group, member)) {
    p.hotdrop = 1;
    return false;
  }
  return group.count > config.limit != isInverted(match);
}

/** The original tuple of the packet's connection, or the packet's own. */
function describe(p: Packet, out: Member): void {
  out.family = p.family;
  out.proto = p.proto;
  if (p.conn != 0) {
    const conn = changetype<Conn>(<usize>p.conn);
    out.src = conn.origSrc;
    out.dst = conn.origDst;
    out.sport = conn.origSport;
    out.dport = conn.origDport;
    out.proto = conn.proto;
    out.zone = conn.zone;
    return;
  }
  out.src = p.src;
  out.dst = p.dst;
  out.sport = p.sport;
  out.dport = p.dport;
  out.zone = 0;
}

@inline
function memberAt(group: Group, index: u32): Member {
  return changetype<Member>(<usize>group.members + <usize>index * offsetof<Member>());
}

/** Drops connections that are gone or closed; tells whether `member` is among the rest. */
function evict(group: Group, member: Member, now: u64): bool {
  let kept: u32 = 0;
  let known = false;
  for (let i: u32 = 0; i < group.count; i++) {
    const m = memberAt(group, i);
    const conn = find(m.family, m.proto, m.src, m.dst, m.sport, m.dport, m.zone, now);
    if (conn == 0) continue;
    const same =
      memory.compare(changetype<usize>(m), changetype<usize>(member), offsetof<Member>()) == 0;
    if (same) known = true;
    else if (isClosed(changetype<Conn>(conn))) continue;
    memory.copy(changetype<usize>(memberAt(group, kept)), changetype<usize>(m), offsetof<Member>());
    kept++;
  }
  group.count = kept;
  return known;
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
