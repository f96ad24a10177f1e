/**
 * A hash table over fixed-size records that begin with their key, in memory of its own: open
 * addressing, linear probing, no tombstones (removal moves what follows back). Doubles when half
 * full.
 *
 *     slot     u32 used (the hash, never 0) │ u32 unused │ record
 */
import { allocate } from '../memory';

const SLOT_HEAD: usize = 8;
const FIRST_SLOTS: u32 = 64;

@unmanaged
export class HashTable {
  slots: u32; // address
  mask: u32; // number of slots - 1
  count: u32;
  recordBytes: u32; // multiple of 8
  keyBytes: u32; // multiple of 8
}

/** Prepares an empty table; no memory is taken before the first record. */
export function initHashTable(table: HashTable, keyBytes: u32, recordBytes: u32): void {
  table.slots = 0;
  table.mask = 0;
  table.count = 0;
  table.keyBytes = keyBytes;
  table.recordBytes = recordBytes;
}

function hashOf(table: HashTable, key: usize): u32 {
  let h: u64 = 0x9e3779b97f4a7c15;
  for (let i: usize = 0; i < <usize>table.keyBytes; i += 8) {
    h = (h ^ load<u64>(key + i)) * 0xd6e8feb86659fd93;
    h ^= h >> 32;
  }
  return <u32>h | 1;
}

@inline
function slotAt(table: HashTable, index: u32): usize {
  return <usize>table.slots + <usize>index * (SLOT_HEAD + <usize>table.recordBytes);
}

/** Index of the key's slot, or of the free one where it would be. There must be slots. */
function slotOf(table: HashTable, key: usize, hash: u32): u32 {
  let index = hash & table.mask;
  while (true) {
    const slot = slotAt(table, index);
    const used = load<u32>(slot);
    if (used == 0) return index;
    if (used == hash && memory.compare(slot + SLOT_HEAD, key, table.keyBytes) == 0) return index;
    index = (index + 1) & table.mask;
  }
}

/** Address of the record with this key; 0: there is none. */
export function findRecord(table: HashTable, key: usize): usize {
  if (table.count == 0) return 0;
  const slot = slotAt(table, slotOf(table, key, hashOf(table, key)));
  return load<u32>(slot) == 0 ? 0 : slot + SLOT_HEAD;
}

/**
 * Address of a new zeroed record with this key, or of the one that is there; 0: out of memory.
 * Addresses of other records are valid until the next insertion or removal.
 */
export function insertRecord(table: HashTable, key: usize): usize {
  if (table.count * 2 >= table.mask && !grow(table)) return 0;
  const hash = hashOf(table, key);
  const slot = slotAt(table, slotOf(table, key, hash));
  const record = slot + SLOT_HEAD;
  if (load<u32>(slot) != 0) return record;
  store<u32>(slot, hash);
  memory.fill(record, 0, table.recordBytes);
  memory.copy(record, key, table.keyBytes);
  table.count++;
  return record;
}

function grow(table: HashTable): bool {
  const old = table.slots;
  const oldSlots: u32 = old == 0 ? 0 : table.mask + 1;
  const slots = old == 0 ? FIRST_SLOTS : oldSlots * 2;
  const size = SLOT_HEAD + <usize>table.recordBytes;
  const fresh = allocate(<usize>slots * size);
  if (fresh == 0) return false;
  table.slots = <u32>fresh;
  table.mask = slots - 1;
  for (let i: u32 = 0; i < oldSlots; i++) {
    const from = <usize>old + <usize>i * size;
    const hash = load<u32>(from);
    if (hash == 0) continue;
    memory.copy(slotAt(table, slotOf(table, from + SLOT_HEAD, hash)), from, size);
  }
  return true;
}

/** Removes the record at this address. */
export function removeRecord(table: HashTable, record: usize): void {
  const size = SLOT_HEAD + <usize>table.recordBytes;
  let hole = <u32>((record - SLOT_HEAD - <usize>table.slots) / size);
  let next = hole;
  while (true) {
    next = (next + 1) & table.mask;
    const slot = slotAt(table, next);
    const hash = load<u32>(slot);
    if (hash == 0) break;
    // A record may fill the hole unless its own place lies cyclically behind the hole.
    if (((next - hash) & table.mask) < ((next - hole) & table.mask)) continue;
    memory.copy(slotAt(table, hole), slot, size);
    hole = next;
  }
  store<u32>(slotAt(table, hole), 0);
  table.count--;
}

/**
 * Address of the first record at or behind slot `from`, whose number is then recordSlot; 0: none.
 */
export function nextRecord(table: HashTable, from: u32): usize {
  if (table.count == 0) return 0;
  for (let index = from; index <= table.mask; index++) {
    if (load<u32>(slotAt(table, index)) == 0) continue;
    recordSlot = index;
    return slotAt(table, index) + SLOT_HEAD;
  }
  return 0;
}

/** Number of the slot that nextRecord found. */
export let recordSlot: u32 = 0;
