/** The recent match (xt_recent.c): lists of addresses and of the times at which they were seen. */
import {
  RECENT_CHECK,
  RECENT_DST,
  RECENT_REAP,
  RECENT_REMOVE,
  RECENT_SET,
  RECENT_TTL,
  RECENT_UPDATE,
} from '../../abi-rules';
import {
  findRecord,
  HashTable,
  initHashTable,
  insertRecord,
  nextRecord,
  recordSlot,
  removeRecord,
} from '../../lookup/hash-table';
import { allocate } from '../../memory';
import { Packet } from '../../packet';
import { keyHigh, keyLow } from '../dimension';
import { matchPayload } from '../record';
import { HZ, jiffies, stateAt } from '../state';
import { isInverted } from './header';

const LIST_MAX: u32 = 100; // ip_list_tot, the module's default

/** Arguments, see MATCH_RECENT. */
@unmanaged
class Config {
  state: u32;
  flags: u32;
  seconds: u32;
  hitCount: u32; // 0: any number
  stamps: u32; // times that an entry remembers: a power of two
  unused: u32;
  maskHigh: u64;
  maskLow: u64;
}

@unmanaged
class Entry {
  high: u64;
  low: u64;
  family: u64; // ── end of the key
  used: u64; // serial number of the last update: the lowest is the oldest
  ttl: u32;
  index: u32;
  count: u32;
  unused: u32;
}
const KEY_BYTES: u32 = 24;
const STAMPS: usize = offsetof<Entry>(); // u64 jiffies each

let key: usize = 0;
let serial: u64 = 0;

@inline
function stampAt(entry: Entry, index: u32): usize {
  return changetype<usize>(entry) + STAMPS + (<usize>index << 3);
}

/** MATCH_RECENT */
export function recentMatches(p: Packet, match: usize): bool {
  const config = changetype<Config>(matchPayload(match));
  const table = changetype<HashTable>(stateAt(config.state));
  if (key == 0) key = allocate(KEY_BYTES);
  if (key == 0) return false;
  if (table.keyBytes == 0) initHashTable(table, KEY_BYTES, <u32>STAMPS + config.stamps * 8);
  const handle = config.flags & RECENT_DST ? p.dst : p.src;
  store<u64>(key, keyHigh(p.family, handle) & config.maskHigh);
  store<u64>(key, keyLow(p.family, handle) & config.maskLow, 8);
  store<u64>(key, p.family, 16);
  // The TTL as seen before forwarding, in eight bits.
  const ttl = (<u32>p.ttl + <u32>(p.out != 0 && !p.local)) & 0xff;
  const now = jiffies(p.tsNanos);
  const invert = isInverted(match);

  let record = findRecord(table, key);
  if (record != 0 && config.flags & RECENT_TTL) {
    const seen = changetype<Entry>(record).ttl;
    if (seen != ttl && seen != 0 && ttl != 0) record = 0;
  }
  if (record == 0) {
    if (!(config.flags & RECENT_SET)) return invert;
    return begin(table, config, ttl, now) != invert;
  }
  const entry = changetype<Entry>(record);
  let holds = invert;
  if (config.flags & RECENT_SET) {
    holds = !invert;
  } else if (config.flags & RECENT_REMOVE) {
    removeRecord(table, record);
    return !invert;
  } else if (config.flags & (RECENT_CHECK | RECENT_UPDATE)) {
    if (wasSeen(entry, config, now)) holds = !invert;
    const updates = (config.flags & RECENT_UPDATE) != 0 && holds;
    if (config.flags & RECENT_REAP) {
      if (reap(table, record, config, now, updates)) return holds;
    }
  }
  if (config.flags & RECENT_SET || (config.flags & RECENT_UPDATE && holds)) {
    update(changetype<Entry>(findRecord(table, key)), config, now);
    changetype<Entry>(findRecord(table, key)).ttl = ttl;
  }
  return holds;
}

/** Whether it was seen often enough within the time. */
function wasSeen(entry: Entry, config: Config, now: u64): bool {
  const since = now - <u64>config.seconds * HZ;
  let hits: u32 = 0;
  for (let i: u32 = 0; i < entry.count; i++) {
    if (config.seconds != 0 && load<u64>(stampAt(entry, i)) < since) continue;
    if (config.hitCount == 0 || ++hits >= config.hitCount) return true;
  }
  return false;
}

/** recent_entry_init(): the oldest makes room. */
function begin(table: HashTable, config: Config, ttl: u32, now: u64): bool {
  if (table.count >= LIST_MAX) removeRecord(table, oldest(table));
  const record = insertRecord(table, key);
  if (record == 0) return false;
  const entry = changetype<Entry>(record);
  entry.ttl = ttl;
  entry.count = 1;
  entry.index = 1;
  entry.used = ++serial;
  store<u64>(stampAt(entry, 0), now);
  return true;
}

/** recent_entry_update() */
function update(entry: Entry, config: Config, now: u64): void {
  const index = entry.index & (config.stamps - 1);
  store<u64>(stampAt(entry, index), now);
  entry.index = index + 1;
  if (entry.index > entry.count) entry.count = entry.index;
  entry.used = ++serial;
}

function oldest(table: HashTable): usize {
  let found: usize = 0;
  let record = nextRecord(table, 0);
  while (record != 0) {
    if (found == 0 || changetype<Entry>(record).used < changetype<Entry>(found).used) found = record;
    record = nextRecord(table, recordSlot + 1);
  }
  return found;
}

/** recent_entry_reap(): drops the oldest entry if it is too old. True: it was the one at hand. */
function reap(table: HashTable, working: usize, config: Config, now: u64, updates: bool): bool {
  const record = oldest(table);
  if (record == 0 || (record == working && updates)) return false;
  const entry = changetype<Entry>(record);
  if (load<u64>(stampAt(entry, entry.index - 1)) >= now - <u64>config.seconds * HZ) return false;
  removeRecord(table, record);
  return record == working;
}
