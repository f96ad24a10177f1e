/** Matches that count: limit, statistic, quota. */
import { MATCH_NATIVE } from '../../abi-rules';
import { Packet } from '../../packet';
import { matchFlags, matchPayload } from '../record';
import { jiffies, stateAt } from '../state';
import { isInverted } from './header';

/** xt_limit's credits per jiffy: the power of two below 2^32 / (HZ × 86400), HZ 250. */
export const CREDITS_PER_JIFFY: u64 = 128;

/** State of a limit: {u64 previous time, u64 credit or tokens, u32 begun}. */
const PREVIOUS: usize = 0;
const CREDIT: usize = 8;
const BEGUN: usize = 16;

/** MATCH_LIMIT: u32 state, u32 unused, u64 cost, u64 most credit (legacy: credits, native: ns). */
export function limitMatches(p: Packet, match: usize): bool {
  const at = matchPayload(match);
  const cost = load<u64>(at, 8);
  const most = load<u64>(at, 16);
  const native = (matchFlags(match) & MATCH_NATIVE) != 0;
  const now = native ? p.tsNanos : jiffies(p.tsNanos);
  const state = stateAt(load<u32>(at));
  if (!load<u32>(state, BEGUN)) {
    store<u32>(state, 1, BEGUN);
    store<u64>(state, now, PREVIOUS);
    store<u64>(state, most, CREDIT);
  }
  // Captures may step back in time; clocks in the kernel do not.
  const previous = load<u64>(state, PREVIOUS);
  const passed = now > previous ? now - previous : 0;
  if (passed != 0) store<u64>(state, now, PREVIOUS);
  let credit = load<u64>(state, CREDIT) + (native ? passed : passed * CREDITS_PER_JIFFY);
  if (!native) credit &= u32.MAX_VALUE; // xt_limit counts in 32 bits
  credit = min<u64>(credit, most);
  const holds = credit >= cost;
  store<u64>(state, holds ? credit - cost : credit, CREDIT);
  return holds;
}

/** MATCH_STATISTIC_NTH: u32 state, u32 every - 1, u32 first count (xt_statistic.c). */
export function nthMatches(match: usize): bool {
  const at = matchPayload(match);
  const every = load<u32>(at, 4);
  const state = stateAt(load<u32>(at)); // {u32 count, u32 begun}
  if (!load<u32>(state, 4)) {
    store<u32>(state, load<u32>(at, 8));
    store<u32>(state, 1, 4);
  }
  const count = load<u32>(state);
  const next = count == every ? 0 : count + 1;
  store<u32>(state, next);
  return (next == 0) != isInverted(match);
}

/**
 * MATCH_STATISTIC_RANDOM: u32 share of 2^31, u32 seed. The kernel throws dice; here the packet's
 * number and the rule decide, so that a replay can be repeated with any number of workers.
 */
export function randomMatches(p: Packet, match: usize): bool {
  const at = matchPayload(match);
  let h = (p.frame ^ (<u64>load<u32>(at, 4) << 32)) * 0x9e3779b97f4a7c15;
  h = (h ^ (h >> 29)) * 0xbf58476d1ce4e5b9;
  return (<u32>(h >> 33) < load<u32>(at)) != isInverted(match);
}

/** MATCH_QUOTA: u32 state, u32 unused, u64 bytes (xt_quota.c). */
export function quotaMatches(p: Packet, match: usize): bool {
  const at = matchPayload(match);
  const state = stateAt(load<u32>(at)); // {u64 used, u32 exhausted}
  const left = load<u64>(at, 8) - load<u64>(state);
  let holds = false;
  if (load<u32>(state, 8) == 0 && left >= p.ipLen) {
    store<u64>(state, load<u64>(state) + p.ipLen);
    holds = true;
  } else {
    store<u32>(state, 1, 8); // not even small packets from now on
  }
  return holds != isInverted(match);
}
