/** Test entry: the look-up structures by themselves. */
import { newAddressMap, paint, valueOf } from '../../assembly/lookup/address-map';
import {
  findRecord,
  HashTable,
  initHashTable,
  insertRecord,
  nextRecord,
  recordSlot,
  removeRecord,
} from '../../assembly/lookup/hash-table';
import { buildIntervalTrie, IntervalTrie, intervalOf } from '../../assembly/lookup/interval-trie';
import { sortKeys } from '../../assembly/lookup/key';
import {
  beginStep,
  nextStep,
  sealStepMap,
  stepMapBytes,
  stepOf,
} from '../../assembly/lookup/step-map';
import { allocate } from '../../assembly/memory';

export {
  beginStep,
  findRecord,
  insertRecord,
  newAddressMap,
  nextStep,
  paint,
  removeRecord,
  sealStepMap,
  sortKeys,
  stepMapBytes,
  stepOf,
};

export function alloc(bytes: usize): usize {
  return allocate(bytes);
}

export function buildTrie(keys: usize, count: u32): usize {
  return buildIntervalTrie(keys, count);
}

export function lookUp(trie: usize, high: u64, low: u64): u32 {
  return intervalOf(changetype<IntervalTrie>(trie), high, low);
}

export function valueAt(map: usize, address: u32): u32 {
  return valueOf(map, address);
}

export function createTable(keyBytes: u32, recordBytes: u32): usize {
  const table = changetype<HashTable>(allocate(offsetof<HashTable>()));
  initHashTable(table, keyBytes, recordBytes);
  return changetype<usize>(table);
}

export function count(table: usize): u32 {
  return changetype<HashTable>(table).count;
}

/** Number of records that a walk over the table meets. */
export function walked(table: usize): u32 {
  let found: u32 = 0;
  let record = nextRecord(changetype<HashTable>(table), 0);
  while (record != 0) {
    found++;
    record = nextRecord(changetype<HashTable>(table), recordSlot + 1);
  }
  return found;
}
