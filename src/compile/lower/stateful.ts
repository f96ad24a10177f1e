/** Matches that keep lists of addresses or connections. */
import {
  HASHLIMIT_ABOVE,
  HASHLIMIT_BYTES,
  HASHLIMIT_DPORT,
  HASHLIMIT_DST,
  HASHLIMIT_RATE_MATCH,
  HASHLIMIT_SPORT,
  HASHLIMIT_SRC,
  MATCH_CONNLIMIT,
  MATCH_HASHLIMIT,
  MATCH_RECENT,
  RECENT_CHECK,
  RECENT_DST,
  RECENT_REAP,
  RECENT_REMOVE,
  RECENT_SET,
  RECENT_TTL,
  RECENT_UPDATE,
} from '../../../assembly/abi-rules.ts';
import { ByteWriter } from './byte-writer.ts';
import { addressKey, match } from './condition.ts';
import type { LowerContext, LoweredMatch, MatchOf } from './context.ts';

/** A HashTable of the core, rounded up. */
const TABLE_BYTES = 24;
const MAX_U32 = 0xffffffff;
const HASHLIMIT_SCALE = 1_000_000; // XT_HASHLIMIT_SCALE_v2
const BYTE_SHIFT = 4; // XT_HASHLIMIT_BYTE_SHIFT
const DEFAULT_BUCKETS = 8192; // htable_create() on a machine of more than 1 GiB
const RECENT_STAMPS = 32; // without a hit count (xt_recent.c)

const KEYS = {
  srcip: HASHLIMIT_SRC,
  dstip: HASHLIMIT_DST,
  srcport: HASHLIMIT_SPORT,
  dstport: HASHLIMIT_DPORT,
} as const;

/** cost_to_bytes() of libxt_hashlimit.c. */
function bytesOfCost(cost: number): number {
  return (Math.floor(MAX_U32 / cost) - 1) * 2 ** BYTE_SHIFT;
}

/** Rate and burst as iptables hands them to the kernel. */
function rateAndBurst({ rate, burst }: MatchOf<'hashlimit'>): readonly [bigint, bigint] {
  if (rate.of === 'packets') {
    const ticks = Math.floor((HASHLIMIT_SCALE * rate.unitSec) / rate.amount);
    return [BigInt(ticks), BigInt(burst)];
  }
  const cost = Math.floor(MAX_U32 / (Math.floor(rate.perSec / 2 ** BYTE_SHIFT) + 1));
  return [BigInt(cost), BigInt(burst === 0 ? 0 : Math.ceil(burst / bytesOfCost(cost)))];
}

/** Entries that fit a table (htable_create()). */
function mostEntries({ tableSize, tableMax }: MatchOf<'hashlimit'>): number {
  const buckets = tableSize || DEFAULT_BUCKETS;
  return tableMax === 0 ? 8 * buckets : Math.max(tableMax, buckets);
}

/** Rules that name one table share it; its settings are those of the first one. */
export function lowerHashlimit(own: MatchOf<'hashlimit'>, context: LowerContext): LoweredMatch[] {
  context.ordered('hashlimit');
  const name = `hashlimit ${context.family} ${own.name}`;
  const hashlimit = context.state.remember(name, () => own);
  const flags =
    hashlimit.keys.reduce((bits, key) => bits | KEYS[key], 0) |
    (own.when === 'above' ? HASHLIMIT_ABOVE : 0) |
    (own.rate.of === 'bytes' ? HASHLIMIT_BYTES : 0) |
    (own.rateMatch ? HASHLIMIT_RATE_MATCH : 0);
  const out = new ByteWriter().u32(context.state.allocate(TABLE_BYTES, name), flags);
  out.u64(...rateAndBurst(hashlimit));
  out.u32(hashlimit.rateIntervalSec, hashlimit.expireMs, hashlimit.gcIntervalMs);
  out.u32(mostEntries(hashlimit), hashlimit.srcPrefixLen, hashlimit.dstPrefixLen);
  return [match(MATCH_HASHLIMIT, out.align(8).toUint8Array())];
}

const RECENT_ACTIONS = {
  set: RECENT_SET,
  rcheck: RECENT_CHECK,
  update: RECENT_UPDATE,
  remove: RECENT_REMOVE,
} as const;

/** Times that an entry of a list remembers: enough for the highest hit count of its rules. */
export function stampsFor(hitCounts: readonly number[]): number {
  const needs = hitCounts.map((count) => (count === 0 ? RECENT_STAMPS : 2 ** bitsFor(count)));
  return Math.max(1, ...needs);
}

function bitsFor(count: number): number {
  return Math.ceil(Math.log2(count));
}

export function lowerRecent(own: MatchOf<'recent'>, context: LowerContext): LoweredMatch[] {
  context.ordered('recent');
  const name = `recent ${own.name}`;
  const { mask } = context.state.remember(`${name} ${context.family}`, () => own);
  const flags =
    RECENT_ACTIONS[own.action] |
    (own.side === 'destination' ? RECENT_DST : 0) |
    (own.checkTtl ? RECENT_TTL : 0) |
    (own.reap ? RECENT_REAP : 0);
  const out = new ByteWriter().u32(context.state.allocate(TABLE_BYTES, name), flags);
  out.u32(own.seconds, own.hitcount, context.recentStamps(own.name), 0);
  out.u64(...addressKey(mask, context.family));
  return [match(MATCH_RECENT, out.toUint8Array(), own.invert)];
}

/** Each rule counts for itself. */
export function lowerConnlimit(own: MatchOf<'connlimit'>, context: LowerContext): LoweredMatch[] {
  context.ordered('connlimit');
  const out = new ByteWriter().u32(context.state.allocate(TABLE_BYTES), own.limit);
  out.u32(own.side === 'destination' ? 1 : 0, 0).u64(...addressKey(own.mask, context.family));
  return [match(MATCH_CONNLIMIT, out.toUint8Array(), own.when === 'upto')];
}
