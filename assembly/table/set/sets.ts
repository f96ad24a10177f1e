/**
 * The image's sets (ipset) as hash tables. Sets that only are looked up are the same for all
 * workers; those that rules change, or whose entries expire, belong to rules that one worker
 * judges.
 */
import { SECTION_SET } from '../../abi';
import {
  SET_ENTRY_BYTES,
  SET_FIRST_NET,
  SET_HAS_BUCKETS,
  SET_HAS_TIMEOUT,
  SET_KEY_BYTES,
  SET_LIST,
  SET_NET_IFACE,
  SET_SECOND_NET,
  SET_SIZE,
} from '../../abi-rules';
import { sectionCount, sectionPtr } from '../../host';
import {
  findRecord,
  HashTable,
  initHashTable,
  insertRecord,
  removeRecord,
} from '../../lookup/hash-table';
import { allocate } from '../../memory';
import { HZ, jiffies } from '../state';
import { allocateBuckets, enterBucket, leaveBucket } from './buckets';
import { Net, SetEntry, SetRecord, SetState } from './layout';
import { addPrefixes, dropPrefixes } from './prefixes';

const FIRST_PREFIX: usize = 35; // offsets in a key
const SECOND_PREFIX: usize = 36;
const IFACE: usize = 38;

let states: usize = 0; // SetState per set
let begin: u64 = 0; // capture time at which the snapshot's timeouts began to run

@inline
export function setAt(index: u32): SetRecord {
  return changetype<SetRecord>(sectionPtr(SECTION_SET) + <usize>index * SET_SIZE);
}

@inline
export function stateOf(index: u32): SetState {
  return changetype<SetState>(states + <usize>index * offsetof<SetState>());
}

/** Loads the sets of the attached image for this worker. False: out of memory. */
export function attachSets(): bool {
  const count = sectionCount(SECTION_SET);
  states = allocate(<usize>count * offsetof<SetState>() + 8);
  begin = 0;
  if (states == 0) return false;
  for (let i: u32 = 0; i < count; i++) {
    if (!loadSet(setAt(i), stateOf(i))) return false;
  }
  return true;
}

function loadSet(set: SetRecord, state: SetState): bool {
  initHashTable(state, SET_KEY_BYTES, offsetof<SetEntry>());
  const image = sectionPtr(SECTION_SET) + <usize>set.entries;
  if (set.kind == SET_LIST) {
    state.members = <u32>allocate(<usize>set.entryCount * offsetof<SetEntry>() + 8);
    if (state.members == 0) return false;
  } else if (set.flags & SET_NET_IFACE) {
    state.nets = <u32>allocate(offsetof<HashTable>());
    if (state.nets == 0) return false;
    initHashTable(changetype<HashTable>(<usize>state.nets), SET_KEY_BYTES, offsetof<Net>());
  }
  if (set.flags & SET_HAS_BUCKETS && !allocateBuckets(set, state)) return false;
  for (let i: u32 = 0; i < set.entryCount; i++) {
    const from = image + <usize>i * SET_ENTRY_BYTES;
    if (set.kind == SET_LIST) {
      memory.copy(changetype<usize>(memberAt(state, i)), from, SET_ENTRY_BYTES);
      continue;
    }
    if (findRecord(state, from) != 0) continue; // the first in its bucket counts
    const entry = addEntry(set, state, from);
    if (entry == 0) return false;
    memory.copy(entry, from, SET_ENTRY_BYTES);
  }
  return true;
}

/** Address of a new entry with this key, or of the one that is there; 0: out of memory. */
export function addEntry(set: SetRecord, state: SetState, key: usize): usize {
  const before = state.count;
  const record = insertRecord(state, key);
  if (record == 0 || state.count == before) return record;
  if (set.flags & (SET_FIRST_NET | SET_SECOND_NET)) {
    const first = load<u8>(record, FIRST_PREFIX);
    if (!addPrefixes(state, first, load<u8>(record, SECOND_PREFIX))) return 0;
  }
  if (set.flags & SET_HAS_BUCKETS) enterBucket(set, state, addressOf(record));
  if (set.flags & SET_NET_IFACE) {
    const iface = takeInterfaceOut(record);
    const net = insertRecord(changetype<HashTable>(<usize>state.nets), record);
    store<u16>(record, iface, IFACE);
    if (net == 0) return 0;
    changetype<Net>(net).count++;
  }
  return record;
}

export function dropEntry(set: SetRecord, state: SetState, record: usize): void {
  if (set.flags & (SET_FIRST_NET | SET_SECOND_NET)) {
    dropPrefixes(state, load<u8>(record, FIRST_PREFIX), load<u8>(record, SECOND_PREFIX));
  }
  if (set.flags & SET_HAS_BUCKETS) leaveBucket(set, state, addressOf(record));
  if (set.flags & SET_NET_IFACE) {
    takeInterfaceOut(record);
    const nets = changetype<HashTable>(<usize>state.nets);
    const net = findRecord(nets, record);
    if (net != 0 && --changetype<Net>(net).count == 0) removeRecord(nets, net);
  }
  removeRecord(state, record);
}

/** The first address of a key, when it is IPv4. */
@inline
export function addressOf(key: usize): u32 {
  return <u32>(load<u64>(key) >> 32);
}

/** Whether an entry has the key's network, with any interface. */
export function hasNet(state: SetState, key: usize): bool {
  const iface = takeInterfaceOut(key);
  const net = findRecord(changetype<HashTable>(<usize>state.nets), key);
  store<u16>(key, iface, IFACE);
  return net != 0;
}

@inline
function takeInterfaceOut(key: usize): u16 {
  const iface = load<u16>(key, IFACE);
  store<u16>(key, 0, IFACE);
  return iface;
}

@inline
export function memberAt(state: SetState, index: u32): SetEntry {
  return changetype<SetEntry>(<usize>state.members + <usize>index * offsetof<SetEntry>());
}

/** The set that a list's member names. */
@inline
export function setOfMember(member: SetEntry): u32 {
  return <u32>member.key0;
}

/** A packet is at hand: the snapshot was taken when the first one was. */
@inline
export function noteTime(tsNanos: u64): void {
  if (begin == 0) begin = jiffies(tsNanos);
}

/** ip_set_timeout_expired() */
export function isExpired(set: SetRecord, entry: SetEntry, tsNanos: u64): bool {
  if (!(set.flags & SET_HAS_TIMEOUT) || entry.timeout == 0) return false;
  const end = entry.expires == 0 ? begin + <u64>entry.timeout * HZ : entry.expires;
  return jiffies(tsNanos) > end;
}

/** Gives an entry a new timeout, from now on; 0: it stays for good. */
export function setTimeout(entry: SetEntry, seconds: u32, tsNanos: u64): void {
  entry.timeout = seconds;
  entry.expires = jiffies(tsNanos) + <u64>seconds * HZ;
}
