/**
 * The image's sets (ipset) as hash tables. Sets that only are looked up are the same for all workers;
 * those that SET targets change, or whose entries expire, belong to a rule set that one worker judges.
 */
import { SECTION_SET } from '../../abi';
import {
  SET_ENTRY_BYTES,
  SET_HAS_TIMEOUT,
  SET_KEY_BYTES,
  SET_LIST,
  SET_MEMBER_BYTES,
  SET_SIZE,
} from '../../abi-rules';
import { sectionCount, sectionPtr } from '../../host';
import { HashTable, initHashTable, insertRecord } from '../../lookup/hash-table';
import { allocate } from '../../memory';

/** A set in the image; see abi-rules.ts. */
@unmanaged
export class SetRecord {
  kind: u8;
  family: u8;
  dimCount: u8;
  flags: u8;
  dim0: u8; // then dim1 … dim5
  dim1: u8;
  dim2: u8;
  dim3: u8;
  dim4: u8;
  dim5: u8;
  unused: u16;
  unused2: u32;
  maskHigh: u64;
  maskLow: u64;
  markMask: u32;
  timeout: u32;
  prefixes: u32;
  prefixCount: u32;
  entries: u32;
  entryCount: u32;
  maxEntries: u32;
}

/** An entry at work: the image's, and the time of its end. */
@unmanaged
export class SetEntry {
  key0: u64;
  key1: u64;
  key2: u64;
  key3: u64;
  key4: u64;
  key5: u64;
  key6: u64;
  flags: u32;
  timeout: u32; // seconds; 0: never expires
  mark: u32;
  markMask: u32;
  priority: u32;
  unused: u32;
  packets: u64;
  bytes: u64;
  mac: u64;
  expires: u64; // capture time in nanoseconds; 0: counts from the first packet
}

const NANOS_PER_SECOND: u64 = 1_000_000_000;

let tables: usize = 0; // HashTable per set
let begin: u64 = 0; // capture time at which the snapshot's timeouts began to run

@inline
export function setAt(index: u32): SetRecord {
  return changetype<SetRecord>(sectionPtr(SECTION_SET) + <usize>index * SET_SIZE);
}

@inline
export function tableOf(index: u32): HashTable {
  return changetype<HashTable>(tables + <usize>index * offsetof<HashTable>());
}

/** Loads the sets of the attached image for this worker. False: out of memory. */
export function attachSets(): bool {
  const count = sectionCount(SECTION_SET);
  tables = allocate(<usize>count * offsetof<HashTable>() + 8);
  begin = 0;
  if (tables == 0) return false;
  for (let i: u32 = 0; i < count; i++) {
    const set = setAt(i);
    initHashTable(tableOf(i), SET_KEY_BYTES, offsetof<SetEntry>());
    if (set.kind == SET_LIST) continue;
    for (let k: u32 = 0; k < set.entryCount; k++) {
      const from = entriesOf(set) + <usize>k * SET_ENTRY_BYTES;
      const record = insertRecord(tableOf(i), from);
      if (record == 0) return false;
      memory.copy(record, from, SET_ENTRY_BYTES);
    }
  }
  return true;
}

/** Where a set's entries, or a list's members, lie in the image. */
@inline
export function entriesOf(set: SetRecord): usize {
  return sectionPtr(SECTION_SET) + <usize>set.entries;
}

/** Prefix lengths {u8 first, u8 second} that occur in a set, from the longest on. */
@inline
export function prefixesOf(set: SetRecord): usize {
  return sectionPtr(SECTION_SET) + <usize>set.prefixes;
}

@inline
export function memberSet(set: SetRecord, index: u32): u32 {
  return load<u32>(entriesOf(set) + <usize>index * SET_MEMBER_BYTES);
}

/** A packet is at hand: the snapshot was taken when the first one was. */
@inline
export function noteTime(tsNanos: u64): void {
  if (begin == 0) begin = tsNanos;
}

/** Whether a snapshot's timeout of this many seconds is over. */
export function isOver(timeoutSec: u32, tsNanos: u64): bool {
  return timeoutSec != 0 && tsNanos >= begin + <u64>timeoutSec * NANOS_PER_SECOND;
}

export function isExpired(set: SetRecord, entry: SetEntry, tsNanos: u64): bool {
  if (!(set.flags & SET_HAS_TIMEOUT) || entry.timeout == 0) return false;
  if (entry.expires == 0) return isOver(entry.timeout, tsNanos);
  return tsNanos >= entry.expires;
}

/** Gives an entry a new timeout, from now on; 0: it stays for good. */
export function setTimeout(entry: SetEntry, seconds: u32, tsNanos: u64): void {
  entry.timeout = seconds;
  entry.expires = tsNanos + <u64>seconds * NANOS_PER_SECOND;
}
