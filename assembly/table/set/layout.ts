/** Sets in memory: as they are in the image, and at work. */
import { HashTable } from '../../lookup/hash-table';

/** A set in the image; see abi-rules.ts. */
@unmanaged
export class SetRecord {
  kind: u8;
  family: u8;
  dimCount: u8;
  bucketBits: u8;
  flags: u32;
  dim0: u8; // then dim1 … dim5
  dim1: u8;
  dim2: u8;
  dim3: u8;
  dim4: u8;
  dim5: u8;
  bucketSize: u16;
  maskHigh: u64;
  maskLow: u64;
  markMask: u32;
  timeout: u32;
  first: u32;
  last: u32;
  entries: u32;
  entryCount: u32;
  maxEntries: u32;
  initval: u32;
}

/** A set at work: the table of its entries, and what is known of them together. */
@unmanaged
export class SetState extends HashTable {
  prefixes: u32; // Prefixes array
  prefixCount: u32;
  prefixRoom: u32;
  nets: u32; // hash:net,iface: HashTable of Net
  buckets: u32; // see buckets.ts
  members: u32; // list:set: SetEntry array, as many as in the image
}

/** What an entry is found by. */
@unmanaged
class SetKey {
  key0: u64;
  key1: u64;
  key2: u64;
  key3: u64;
  key4: u64;
  key5: u64;
  key6: u64;
}

/** A network of a hash:net,iface set, its key that of an entry without interface. */
@unmanaged
export class Net extends SetKey {
  count: u32; // entries, of all interfaces
}

/** An entry at work: the image's, and the time of its end. */
@unmanaged
export class SetEntry extends SetKey {
  flags: u32;
  timeout: u32; // seconds; 0: never expires
  mark: u32;
  markMask: u32;
  priority: u32;
  unused: u32;
  packets: u64;
  bytes: u64;
  mac: u64;
  expires: u64; // capture time in jiffies; 0: counts from the first packet
}
