/**
 * Matches with state across packets. Their state lies in the image's blob beside their parameters:
 * a rule set that has them runs on one worker.
 */
import { Packet } from '../packet';

/**
 * limit, as xt_limit.c: {u64 cost, u64 burst in credits, u64 credit, u64 last time in ns}. The
 * credit grows by one per nanosecond up to the burst; each packet that passes costs `cost`.
 */
export function limitAllows(p: Packet, at: usize): bool {
  const cost = load<u64>(at);
  const cap = load<u64>(at, 8);
  let credit = load<u64>(at, 16);
  const last = load<u64>(at, 24);
  if (last == 0) {
    credit = cap;
  } else if (p.tsNanos > last) {
    credit += p.tsNanos - last;
    if (credit > cap) credit = cap;
  }
  store<u64>(at, p.tsNanos < last ? last : p.tsNanos, 24);
  const allowed = credit >= cost;
  store<u64>(at, allowed ? credit - cost : credit, 16);
  return allowed;
}

/** statistic --mode nth: {u32 every, u32 packet, u32 count}. */
export function nthAllows(at: usize): bool {
  const every = load<u32>(at);
  const count = load<u32>(at, 8);
  const matched = count == every - 1;
  store<u32>(at, matched ? 0 : count + 1, 8);
  return matched;
}

