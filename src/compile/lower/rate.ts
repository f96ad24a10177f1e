/** Matches that count packets. */
import {
  MATCH_LIMIT,
  MATCH_NATIVE,
  MATCH_QUOTA,
  MATCH_STATISTIC_NTH,
  MATCH_STATISTIC_RANDOM,
} from '../../../assembly/abi-rules.ts';
import { ByteWriter } from './byte-writer.ts';
import { match } from './condition.ts';
import type { LowerContext, LoweredMatch, MatchOf } from './context.ts';

const LIMIT_SCALE = 10000; // XT_LIMIT_SCALE: ticks of 0.1 ms
const CREDITS_PER_SECOND = 250 * 128; // HZ × CREDITS_PER_JIFFY of xt_limit.c, see rate.ts of the core
const MAX_U32 = 0xffffffff;
const NANOS_PER_SECOND = 1_000_000_000n;
const LIMIT_STATE_BYTES = 24;
const COUNT_STATE_BYTES = 16;

/** user2credits() of xt_limit.c, in 32 bits as there. */
function credits(ticks: number): number {
  if (ticks > Math.floor(MAX_U32 / CREDITS_PER_SECOND)) {
    return (Math.floor(ticks / LIMIT_SCALE) * CREDITS_PER_SECOND) % 2 ** 32;
  }
  return Math.floor((ticks * CREDITS_PER_SECOND) / LIMIT_SCALE);
}

/** Rate and unit that iptables-nft finds for a time per packet (add_nft_limit() of nft.c). */
function nativeRate(ticks: number): { rate: number; unitSec: number } {
  const units = [86400, 3600, 60, 1].map((seconds) => seconds * LIMIT_SCALE);
  let unit = units[0] ?? LIMIT_SCALE;
  for (const next of units.slice(1)) {
    if (ticks > next || Math.floor(next / ticks) < next % ticks) break;
    unit = next;
  }
  return { rate: Math.floor(unit / ticks), unitSec: unit / LIMIT_SCALE };
}

export function lowerLimit({ rate, burst }: MatchOf<'limit'>, context: LowerContext) {
  context.ordered('limit');
  const ticks = Math.max(1, Math.floor((LIMIT_SCALE * rate.unitSec) / rate.amount));
  const out = new ByteWriter().u32(context.state.allocate(LIMIT_STATE_BYTES), 0);
  if (context.native) {
    // nft_limit_init(): the cost of a packet in nanoseconds, and burst times as much at most.
    const found = nativeRate(ticks);
    const cost = (BigInt(found.unitSec) * NANOS_PER_SECOND) / BigInt(found.rate);
    out.u64(cost, cost * BigInt(burst));
    return [match(MATCH_LIMIT, out.toUint8Array(), false, MATCH_NATIVE)];
  }
  out.u64(BigInt(credits(ticks)), BigInt(credits((ticks * burst) % 2 ** 32)));
  return [match(MATCH_LIMIT, out.toUint8Array())];
}

export function lowerStatistic(
  statistic: MatchOf<'statistic'>,
  context: LowerContext,
): LoweredMatch[] {
  if (statistic.mode === 'random') {
    context.warn('statistic --mode random: which packets match is chosen here, as often as asked');
    const payload = new ByteWriter().u32(statistic.probability, context.counter);
    return [match(MATCH_STATISTIC_RANDOM, payload.toUint8Array(), statistic.invert)];
  }
  context.ordered('statistic --mode nth');
  const { every, packet } = statistic;
  const payload = new ByteWriter().u32(context.state.allocate(COUNT_STATE_BYTES), every - 1);
  payload.u32(every - 1 - packet, 0);
  return [match(MATCH_STATISTIC_NTH, payload.toUint8Array(), statistic.invert)];
}

export function lowerQuota({ bytes, invert }: MatchOf<'quota'>, context: LowerContext) {
  context.ordered('quota');
  const payload = new ByteWriter().u32(context.state.allocate(COUNT_STATE_BYTES), 0).u64(bytes);
  return [match(MATCH_QUOTA, payload.toUint8Array(), invert)];
}
