/** MATCH_SET and TARGET_SET: ip_set_test(), ip_set_add() and ip_set_del() of ip_set_core.c. */
import { FAMILY_V4 } from '../../abi';
import {
  SET_BYTES_OP_SHIFT,
  SET_ENTRY_ANY_MAC,
  SET_ENTRY_MARK,
  SET_ENTRY_NOMATCH,
  SET_ENTRY_PRIORITY,
  SET_FIRST_NET,
  SET_FORCEADD,
  SET_HAS_TIMEOUT,
  SET_LIST,
  SET_MEMBER_BYTES,
  SET_OP_EQ,
  SET_OP_GT,
  SET_OP_LT,
  SET_OP_NE,
  SET_PACKETS_OP_SHIFT,
  SET_RETURN_NOMATCH,
  SET_SECOND_NET,
  SET_SKIP_COUNTERS,
  SET_SOURCE_MAC,
  SET_TARGET_EXIST,
  SET_TARGET_MAP_MARK,
  SET_TARGET_MAP_PRIORITY,
  SET_TARGET_TIMEOUT,
  SET_VOLATILE,
} from '../../abi-rules';
import {
  findRecord,
  HashTable,
  insertRecord,
  nextRecord,
  recordSlot,
  removeRecord,
} from '../../lookup/hash-table';
import { Packet } from '../../packet';
import { isInverted } from '../match/header';
import { matchPayload } from '../record';
import { applyPrefixes, packetKey, takeMacOut } from './key';
import {
  entriesOf,
  isExpired,
  isOver,
  memberSet,
  prefixesOf,
  SetEntry,
  SetRecord,
  setAt,
  setTimeout,
  tableOf,
} from './sets';

const NO_PREFIX: u32 = 255;
const NOMATCH: i32 = -1;
const OP_MASK: u32 = 15;

// The question at hand.
let sides: u32 = 0;
let sideCount: u32 = 0;
let flags: u32 = 0;
let packets: u64 = 0;
let bytes: u64 = 0;
/** The entry that the last test found, or 0. */
let found: usize = 0;

/** MATCH_SET */
export function setMatches(p: Packet, match: usize): bool {
  const at = matchPayload(match);
  sides = load<u32>(at, 4);
  sideCount = load<u32>(at, 8);
  flags = load<u32>(at, 12);
  if (flags & SET_VOLATILE || p.proto == 1 || p.proto == 58) p.sideEffects = 1;
  packets = load<u64>(at, 16);
  bytes = load<u64>(at, 24);
  return (test(p, load<u32>(at)) > 0) != isInverted(match);
}

/** 1: in the set, 0: not, NOMATCH: an exception of it. */
function test(p: Packet, index: u32): i32 {
  const set = setAt(index);
  if (sideCount < <u32>set.dimCount) return 0;
  if (set.family != 0 && set.family != p.family) return 0;
  if (set.kind == SET_LIST) return testMembers(p, set);
  const key = packetKey(p, set, sides);
  if (key == 0) return 0;
  const hasNets = (set.flags & (SET_FIRST_NET | SET_SECOND_NET)) != 0;
  const result = hasNets ? testPrefixes(p, set, index, key) : testKey(p, set, index, key);
  if (flags & SET_RETURN_NOMATCH && hasNets && result != 0) return -result;
  return result;
}

/** list_set_ktest(): the first member that has it. */
function testMembers(p: Packet, set: SetRecord): i32 {
  for (let i: u32 = 0; i < set.entryCount; i++) {
    const member = entriesOf(set) + <usize>i * SET_MEMBER_BYTES;
    if (isOver(load<u32>(member, 4), p.tsNanos)) continue;
    if (test(p, memberSet(set, i)) > 0) return 1;
  }
  return 0;
}

/** mtype_test_cidrs(): the longest prefixes first; the first entry found answers, if it may. */
function testPrefixes(p: Packet, set: SetRecord, index: u32, key: usize): i32 {
  const prefixes = prefixesOf(set);
  for (let i: u32 = 0; i < set.prefixCount; i++) {
    const at = prefixes + <usize>i * 2;
    applyPrefixes(
      p.family,
      set.flags & SET_FIRST_NET ? <u32>load<u8>(at) : NO_PREFIX,
      set.flags & SET_SECOND_NET ? <u32>load<u8>(at, 1) : NO_PREFIX,
    );
    const result = testKey(p, set, index, key);
    if (result != 0) return result;
  }
  return 0;
}

function testKey(p: Packet, set: SetRecord, index: u32, key: usize): i32 {
  const mac = set.flags & SET_SOURCE_MAC ? takeMacOut() : 0;
  const record = findRecord(tableOf(index), key);
  if (record == 0) return 0;
  const entry = changetype<SetEntry>(record);
  if (isExpired(set, entry, p.tsNanos)) return 0;
  if (set.flags & SET_SOURCE_MAC && !(entry.flags & SET_ENTRY_ANY_MAC) && entry.mac != mac) return 0;
  if (!countersHold(p, entry)) return 0;
  found = record;
  return entry.flags & SET_ENTRY_NOMATCH ? NOMATCH : 1;
}

/** ip_set_match_extensions(): counters move first, then they are compared. */
function countersHold(p: Packet, entry: SetEntry): bool {
  if (!(flags & SET_SKIP_COUNTERS)) {
    entry.packets++;
    entry.bytes += p.ipLen;
  }
  return (
    compares(entry.packets, packets, (flags >> SET_PACKETS_OP_SHIFT) & OP_MASK) &&
    compares(entry.bytes, bytes, (flags >> SET_BYTES_OP_SHIFT) & OP_MASK)
  );
}

function compares(value: u64, wanted: u64, op: u32): bool {
  if (op == SET_OP_EQ) return value == wanted;
  if (op == SET_OP_NE) return value != wanted;
  if (op == SET_OP_LT) return value < wanted;
  return op != SET_OP_GT || value > wanted;
}

const REFERENCE_BYTES: usize = 12;

/** TARGET_SET (set_target_v3 of xt_set.c): add, delete and map, in this order. */
export function applySetTarget(p: Packet, args: usize): void {
  const targetFlags = load<u32>(args, 36);
  if (takeReference(args)) {
    const timeout = targetFlags & SET_TARGET_TIMEOUT ? <i32>load<u32>(args, 40) : -1;
    add(p, load<u32>(args) - 1, timeout, (targetFlags & SET_TARGET_EXIST) != 0);
  }
  if (takeReference(args + REFERENCE_BYTES)) del(p, load<u32>(args, 12) - 1);
  if (takeReference(args + REFERENCE_BYTES * 2)) map(p, load<u32>(args, 24) - 1, targetFlags);
}

/** Takes a reference's sides; false: there is none. */
function takeReference(at: usize): bool {
  sides = load<u32>(at, 4);
  sideCount = load<u32>(at, 8);
  flags = SET_SKIP_COUNTERS;
  packets = 0;
  bytes = 0;
  return load<u32>(at) != 0;
}

/** Key of the entry that a packet stands for; 0: none. Networks get the set's longest prefix. */
function entryKey(p: Packet, set: SetRecord): usize {
  if (sideCount < <u32>set.dimCount) return 0;
  if (set.family != 0 && set.family != p.family) return 0;
  const key = packetKey(p, set, sides);
  if (key == 0) return 0;
  const host: u32 = p.family == FAMILY_V4 ? 32 : 128;
  const prefixes = prefixesOf(set);
  applyPrefixes(
    p.family,
    set.flags & SET_FIRST_NET ? (set.prefixCount ? <u32>load<u8>(prefixes) : host) : NO_PREFIX,
    set.flags & SET_SECOND_NET ? (set.prefixCount ? <u32>load<u8>(prefixes, 1) : host) : NO_PREFIX,
  );
  return key;
}

/** `timeout` in seconds, negative: the set's own. */
function add(p: Packet, index: u32, timeout: i32, exist: bool): bool {
  const set = setAt(index);
  if (set.kind == SET_LIST) {
    for (let i: u32 = 0; i < set.entryCount; i++) {
      if (add(p, memberSet(set, i), timeout, exist)) return true;
    }
    return false;
  }
  const key = entryKey(p, set);
  if (key == 0) return false;
  const mac = set.flags & SET_SOURCE_MAC ? takeMacOut() : 0;
  const table = tableOf(index);
  const known = findRecord(table, key);
  if (known != 0 && !isExpired(set, changetype<SetEntry>(known), p.tsNanos) && !exist) {
    const entry = changetype<SetEntry>(known);
    if (!(entry.flags & SET_ENTRY_ANY_MAC)) return false;
  }
  if (known == 0 && !makeRoom(p, set, table)) return false;
  const record = insertRecord(table, key);
  if (record == 0) return false;
  const entry = changetype<SetEntry>(record);
  entry.flags = 0;
  entry.mac = mac;
  const seconds = timeout >= 0 ? <u32>timeout : set.timeout;
  if (set.flags & SET_HAS_TIMEOUT) setTimeout(entry, seconds, p.tsNanos);
  return true;
}

/** Whether another entry fits; expired ones make room, and with forceadd any does. */
function makeRoom(p: Packet, set: SetRecord, table: HashTable): bool {
  if (table.count < set.maxEntries) return true;
  let slot: u32 = 0;
  while (true) {
    const record = nextRecord(table, slot);
    if (record == 0) break;
    if (isExpired(set, changetype<SetEntry>(record), p.tsNanos)) removeRecord(table, record);
    else slot = recordSlot + 1;
  }
  if (table.count < set.maxEntries) return true;
  if (!(set.flags & SET_FORCEADD)) return false;
  removeRecord(table, nextRecord(table, 0));
  return true;
}

function del(p: Packet, index: u32): bool {
  const set = setAt(index);
  if (set.kind == SET_LIST) {
    for (let i: u32 = 0; i < set.entryCount; i++) {
      if (del(p, memberSet(set, i))) return true;
    }
    return false;
  }
  const key = entryKey(p, set);
  if (key == 0) return false;
  if (set.flags & SET_SOURCE_MAC) takeMacOut();
  const record = findRecord(tableOf(index), key);
  if (record == 0) return false;
  const live = !isExpired(set, changetype<SetEntry>(record), p.tsNanos);
  removeRecord(tableOf(index), record);
  return live;
}

/** --map-set: the entry's mark and priority. */
function map(p: Packet, index: u32, targetFlags: u32): void {
  if (test(p, index) <= 0) return;
  const entry = changetype<SetEntry>(found);
  if (targetFlags & SET_TARGET_MAP_MARK && entry.flags & SET_ENTRY_MARK) {
    p.mark = (p.mark & ~entry.markMask) ^ entry.mark;
  }
  if (targetFlags & SET_TARGET_MAP_PRIORITY && entry.flags & SET_ENTRY_PRIORITY) {
    p.priority = entry.priority;
  }
}
