/** TARGET_SET (set_target_v3 of xt_set.c): add, delete and map, in this order. */
import { FAMILY_V4 } from '../../abi';
import {
  SET_BITMAP,
  SET_ENTRY_ANY_MAC,
  SET_FIRST_NET,
  SET_FORCEADD,
  SET_HAS_BUCKETS,
  SET_HAS_TIMEOUT,
  SET_LEARNS_MAC,
  SET_LIST,
  SET_SECOND_NET,
  SET_TARGET_EXIST,
  SET_TARGET_MAP_MARK,
  SET_TARGET_MAP_PRIORITY,
  SET_TARGET_TIMEOUT,
} from '../../abi-rules';
import { findRecord, nextRecord, recordSlot } from '../../lookup/hash-table';
import { Packet } from '../../packet';
import { addressAt, bucketOf, gapOf, placesOf } from './buckets';
import { applyPrefixes, NO_PREFIX, packetKey, takeMacOut } from './key';
import { SetEntry, SetRecord, SetState } from './layout';
import {
  foundMark,
  foundMarkMask,
  foundPriority,
  initExtensions,
  learnMac,
  testForMap,
} from './match';
import { longestFirst, longestSecond } from './prefixes';
import {
  addEntry,
  addressOf,
  dropEntry,
  isExpired,
  memberAt,
  setAt,
  setOfMember,
  setTimeout,
  stateOf,
} from './sets';

/** A reference: u32 set + 1 (0: none), u32 sides, u32 side count. */
const REFERENCE_BYTES: usize = 12;
const FLAGS: usize = REFERENCE_BYTES * 3;
const TIMEOUT: usize = FLAGS + 4;

// The reference at hand.
let sides: u32 = 0;
let sideCount: u32 = 0;

export function applySetTarget(p: Packet, args: usize): void {
  const flags = load<u32>(args, FLAGS);
  if (takeReference(args)) {
    const timeout = flags & SET_TARGET_TIMEOUT ? <i64>load<u32>(args, TIMEOUT) : -1;
    add(p, load<u32>(args) - 1, timeout, (flags & SET_TARGET_EXIST) != 0);
  }
  const deletes = args + REFERENCE_BYTES;
  if (takeReference(deletes)) del(p, load<u32>(deletes) - 1);
  const maps = deletes + REFERENCE_BYTES;
  if (!takeReference(maps) || !testForMap(p, load<u32>(maps) - 1, sides, sideCount)) return;
  if (flags & SET_TARGET_MAP_MARK) p.mark = (p.mark & ~foundMarkMask) ^ foundMark;
  if (flags & SET_TARGET_MAP_PRIORITY) p.priority = foundPriority;
}

/** Takes a reference's sides; false: there is none. */
function takeReference(at: usize): bool {
  sides = load<u32>(at, 4);
  sideCount = load<u32>(at, 8);
  return load<u32>(at) != 0;
}

/** Key of the entry that a packet stands for; 0: none. Networks get the set's longest prefix. */
function entryKey(p: Packet, set: SetRecord, state: SetState): usize {
  if (sideCount < <u32>set.dimCount) return 0;
  if (set.family != 0 && set.family != p.family) return 0;
  const key = packetKey(p, set, sides);
  if (key == 0) return 0;
  const host: u32 = p.family == FAMILY_V4 ? 32 : 128;
  applyPrefixes(
    p.family,
    set.flags & SET_FIRST_NET ? longestFirst(state, host) : NO_PREFIX,
    set.flags & SET_SECOND_NET ? longestSecond(state, host) : NO_PREFIX,
  );
  return key;
}

/** `timeout` in seconds, negative: the set's own. Tells whether the set took it. */
function add(p: Packet, index: u32, timeout: i64, exist: bool): bool {
  const set = setAt(index);
  const state = stateOf(index);
  if (set.kind == SET_LIST) {
    for (let i: u32 = 0; i < set.entryCount; i++) {
      const member = memberAt(state, i);
      if (isExpired(set, member, p.tsNanos)) continue;
      if (add(p, setOfMember(member), timeout, exist)) return true;
    }
    return false;
  }
  const key = entryKey(p, set, state);
  if (key == 0) return false;
  const learns = (set.flags & SET_LEARNS_MAC) != 0;
  const mac = learns ? takeMacOut() : 0;
  const seconds = timeout >= 0 ? <u32>timeout : set.timeout;
  const known = findRecord(state, key);
  if (known != 0) {
    const entry = changetype<SetEntry>(known);
    if (entry.flags & SET_ENTRY_ANY_MAC) {
      if (seconds != set.timeout) entry.timeout = seconds;
      learnMac(p, set, entry, mac);
      return true;
    }
    if (!exist && !isExpired(set, entry, p.tsNanos)) return false;
    // an expired one of bitmap:ip,mac keeps its MAC (bitmap_ipmac_do_add())
    if (exist || !learns) entry.mac = mac;
  } else if (!makeRoom(p, set, state, key)) {
    return false;
  }
  const record = addEntry(set, state, key);
  if (record == 0) return false;
  const entry = changetype<SetEntry>(record);
  if (known == 0) entry.mac = mac;
  entry.flags = 0;
  initExtensions(p, set, entry);
  if (set.flags & SET_HAS_TIMEOUT) setTimeout(entry, seconds, p.tsNanos);
  return true;
}

/** Whether another entry fits; expired ones make room, and with forceadd any does. */
function makeRoom(p: Packet, set: SetRecord, state: SetState, key: usize): bool {
  if (set.flags & SET_BITMAP) return true;
  if (state.count >= set.maxEntries) dropExpired(p, set, state);
  const isFull = state.count >= set.maxEntries;
  const gives = (set.flags & SET_FORCEADD) != 0;
  if (set.flags & SET_HAS_BUCKETS) return makePlace(p, set, state, key, isFull, gives);
  if (!isFull) return true;
  if (!gives || state.count == 0) return false;
  dropEntry(set, state, nextRecord(state, 0));
  return true;
}

/** makeRoom() where the buckets are known: a gap takes an entry even if the set is full. */
function makePlace(
  p: Packet,
  set: SetRecord,
  state: SetState,
  key: usize,
  isFull: bool,
  gives: bool,
): bool {
  const bucket = bucketOf(set, state, addressOf(key));
  if (gapOf(bucket) < placesOf(bucket)) return true;
  if (!isFull && placesOf(bucket) < <u32>set.bucketSize) return true;
  const wanted = load<u64>(key);
  for (let i: u32 = 0; i < placesOf(bucket); i++) {
    const other = entryAt(state, key, addressAt(bucket, i));
    if (other == 0 || !isExpired(set, changetype<SetEntry>(other), p.tsNanos)) continue;
    dropEntry(set, state, other);
    store<u64>(key, wanted);
    return true;
  }
  const victim = isFull && gives && placesOf(bucket) != 0;
  if (victim) dropEntry(set, state, entryAt(state, key, addressAt(bucket, 0)));
  store<u64>(key, wanted);
  return victim;
}

/** The entry of another address; overwrites the key's. */
function entryAt(state: SetState, key: usize, address: u32): usize {
  store<u64>(key, <u64>address << 32);
  return findRecord(state, key);
}

function dropExpired(p: Packet, set: SetRecord, state: SetState): void {
  let slot: u32 = 0;
  while (true) {
    const record = nextRecord(state, slot);
    if (record == 0) break;
    if (isExpired(set, changetype<SetEntry>(record), p.tsNanos)) dropEntry(set, state, record);
    else slot = recordSlot + 1;
  }
}

function del(p: Packet, index: u32): bool {
  const set = setAt(index);
  const state = stateOf(index);
  if (set.kind == SET_LIST) {
    for (let i: u32 = 0; i < set.entryCount; i++) {
      const member = memberAt(state, i);
      if (isExpired(set, member, p.tsNanos)) continue;
      if (del(p, setOfMember(member))) return true;
    }
    return false;
  }
  const key = entryKey(p, set, state);
  if (key == 0) return false;
  if (set.flags & SET_LEARNS_MAC) takeMacOut();
  const record = findRecord(state, key);
  if (record == 0) return false;
  const isLive = !isExpired(set, changetype<SetEntry>(record), p.tsNanos);
  dropEntry(set, state, record);
  return isLive;
}
