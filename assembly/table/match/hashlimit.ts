/** The hashlimit match (xt_hashlimit.c, revision 3): a token bucket per address and port. */
import { FAMILY_V4 } from '../../abi';
import {
  HASHLIMIT_ABOVE,
  HASHLIMIT_BYTES,
  HASHLIMIT_DPORT,
  HASHLIMIT_DST,
  HASHLIMIT_RATE_MATCH,
  HASHLIMIT_SPORT,
  HASHLIMIT_SRC,
} from '../../abi-rules';
import { findRecord, HashTable, initHashTable, insertRecord } from '../../lookup/hash-table';
import { allocate } from '../../memory';
import { Packet } from '../../packet';
import { transportOffset, wordAt } from '../bytes';
import { keyHigh, keyLow } from '../dimension';
import { matchPayload } from '../record';
import { HZ, jiffies, stateAt } from '../state';

/** Powers of two below 2^64 / (HZ × 86400) and 2^32 / HZ, HZ 250. */
const CREDITS_PER_JIFFY: u64 = 1 << 39;
const CREDITS_PER_JIFFY_BYTES: u64 = 1 << 24;
const SCALE: u64 = 1_000_000; // XT_HASHLIMIT_SCALE_v2
const BYTE_SHIFT: u64 = 4; // XT_HASHLIMIT_BYTE_SHIFT
const MILLIS_PER_JIFFY: u64 = 1000 / HZ;

/** Arguments, see MATCH_HASHLIMIT. */
@unmanaged
class Config {
  state: u32;
  flags: u32;
  avg: u64;
  burst: u64;
  interval: u32; // seconds
  expireMs: u32;
  gcMs: u32;
  most: u32; // entries
  srcPrefix: u32;
  dstPrefix: u32;
}

@unmanaged
class Bucket {
  srcHigh: u64;
  srcLow: u64;
  dstHigh: u64;
  dstLow: u64;
  ports: u64; // ── end of the key
  begun: u64;
  expires: u64; // jiffies
  previous: u64;
  credit: u64;
  cap: u64;
  currentRate: u64;
  previousWindow: u64;
}
const KEY_BYTES: u32 = 40;

let key: usize = 0; // Bucket

/** MATCH_HASHLIMIT */
export function hashlimitMatches(p: Packet, match: usize): bool {
  const config = changetype<Config>(matchPayload(match));
  const above = (config.flags & HASHLIMIT_ABOVE) != 0;
  if (!fillKey(p, config)) {
    p.hotdrop = 1;
    return false;
  }
  const table = changetype<HashTable>(stateAt(config.state));
  if (table.keyBytes == 0) initHashTable(table, KEY_BYTES, offsetof<Bucket>());
  const now = jiffies(p.tsNanos);
  let record = findRecord(table, key);
  if (record == 0) {
    if (table.count < config.most) record = insertRecord(table, key);
    if (record == 0) {
      p.hotdrop = 1;
      return false;
    }
  }
  const bucket = changetype<Bucket>(record);
  if (bucket.begun == 0 || wasCollected(bucket, config, now)) begin(bucket, config, now);
  else refill(bucket, config, now);
  bucket.expires = now + (<u64>config.expireMs + MILLIS_PER_JIFFY - 1) / MILLIS_PER_JIFFY;
  return spend(p, bucket, config) != above;
}

function fillKey(p: Packet, config: Config): bool {
  if (key == 0) key = allocate(offsetof<Bucket>());
  if (key == 0) return false;
  memory.fill(key, 0, KEY_BYTES);
  const k = changetype<Bucket>(key);
  if (config.flags & HASHLIMIT_SRC) {
    k.srcHigh = keyHigh(p.family, p.src) & prefixHigh(config.srcPrefix);
    k.srcLow = keyLow(p.family, p.src) & prefixLow(p.family, config.srcPrefix);
  }
  if (config.flags & HASHLIMIT_DST) {
    k.dstHigh = keyHigh(p.family, p.dst) & prefixHigh(config.dstPrefix);
    k.dstLow = keyLow(p.family, p.dst) & prefixLow(p.family, config.dstPrefix);
  }
  if (!(config.flags & (HASHLIMIT_SPORT | HASHLIMIT_DPORT))) return true;
  const offset = portsOffset(p.proto);
  // In a later fragment of IPv4 the payload is read; IPv6 says "fragment" instead of a protocol.
  if (offset < 0 || (p.family != FAMILY_V4 && p.fragOff != 0)) return true;
  const at = transportOffset(p) + offset;
  if (p.ipLen < at + 4) return false;
  const ports = wordAt(p, at);
  if (config.flags & HASHLIMIT_SPORT) k.ports = ports >> 16;
  if (config.flags & HASHLIMIT_DPORT) k.ports |= <u64>(ports & 0xffff) << 16;
  return true;
}

/** proto_ports_offset() */
function portsOffset(proto: u32): i32 {
  switch (proto) {
    case 6:
    case 17:
    case 33:
    case 50:
    case 132:
    case 136:
      return 0;
    case 51:
      return 4;
    default:
      return -1;
  }
}

@inline
function prefixHigh(prefixLen: u32): u64 {
  if (prefixLen == 0) return 0;
  return prefixLen >= 64 ? u64.MAX_VALUE : u64.MAX_VALUE << (64 - prefixLen);
}

@inline
function prefixLow(family: u32, prefixLen: u32): u64 {
  if (family == FAMILY_V4 || prefixLen <= 64) return 0;
  return u64.MAX_VALUE << (128 - prefixLen);
}

/** Whether the garbage collector, which runs once per interval, has met the entry expired. */
function wasCollected(bucket: Bucket, config: Config, now: u64): bool {
  const interval = max<u64>(1, <u64>config.gcMs / MILLIS_PER_JIFFY);
  return now / interval * interval >= bucket.expires;
}

/** rateinfo_init() */
function begin(bucket: Bucket, config: Config, now: u64): void {
  bucket.begun = 1;
  bucket.previous = now;
  bucket.currentRate = 0;
  bucket.previousWindow = 0;
  if (config.flags & HASHLIMIT_BYTES) {
    bucket.credit = CREDITS_PER_JIFFY_BYTES * HZ;
    bucket.cap = config.burst;
  } else {
    bucket.credit = credits(config.avg * config.burst);
    bucket.cap = bucket.credit;
  }
}

/** user2credits() */
function credits(user: u64): u64 {
  return user * ((CREDITS_PER_JIFFY * HZ) / SCALE);
}

/** Packets or bytes per interval with --hashlimit-rate-match: user2rate(), user2rate_bytes(). */
function rateOf(config: Config): u64 {
  if (!(config.flags & HASHLIMIT_BYTES)) return config.avg == 0 ? 0 : SCALE / config.avg;
  const r: u64 = config.avg == 0 ? u32.MAX_VALUE : <u64>u32.MAX_VALUE / config.avg;
  return (r - 1) << BYTE_SHIFT;
}

/** rateinfo_recalc() */
function refill(bucket: Bucket, config: Config, now: u64): void {
  if (now <= bucket.previous) return;
  const passed = now - bucket.previous;
  if (config.flags & HASHLIMIT_RATE_MATCH) {
    const interval = <u64>config.interval * HZ;
    if (passed < interval) return;
    bucket.previous = now;
    bucket.previousWindow = <u64>(bucket.currentRate * interval > passed * rateOf(config));
    bucket.currentRate = 0;
    return;
  }
  bucket.previous = now;
  if (config.flags & HASHLIMIT_BYTES) {
    const credit = bucket.credit + CREDITS_PER_JIFFY_BYTES * passed;
    bucket.credit = min(credit, CREDITS_PER_JIFFY_BYTES * HZ);
  } else {
    bucket.credit = min(bucket.credit + CREDITS_PER_JIFFY * passed, bucket.cap);
  }
}

/** Whether the packet stays below the limit; takes what it costs. */
function spend(p: Packet, bucket: Bucket, config: Config): bool {
  const inBytes = (config.flags & HASHLIMIT_BYTES) != 0;
  if (config.flags & HASHLIMIT_RATE_MATCH) {
    bucket.currentRate += inBytes ? p.ipLen : 1;
    const rate = rateOf(config);
    let burst = config.burst + rate;
    if (inBytes) burst = config.burst != 0 ? config.burst * rate : rate;
    return bucket.previousWindow == 0 && bucket.currentRate <= burst;
  }
  const cost = inBytes ? byteCost(p.ipLen, bucket, config) : credits(config.avg);
  if (bucket.credit < cost) return false;
  bucket.credit -= cost;
  return true;
}

/** hashlimit_byte_cost(): bursts are refills of the whole bucket. */
function byteCost(length: u32, bucket: Bucket, config: Config): u64 {
  const full = CREDITS_PER_JIFFY_BYTES * HZ;
  const perChunk = (config.avg * HZ * CREDITS_PER_JIFFY_BYTES) >> 32;
  const cost = min<u64>(((<u64>length >> BYTE_SHIFT) + 1) * <u64>(<u32>perChunk), full);
  if (bucket.credit < cost && bucket.cap != 0) {
    bucket.cap--;
    bucket.credit = full;
  }
  return <u64>(<u32>cost);
}
