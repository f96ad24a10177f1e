/** The time match (xt_time.c), on capture time. The kernel's time zone is taken to be UTC. */
import { Packet } from '../../packet';
import { matchPayload } from '../record';

const SECONDS_PER_DAY: i64 = 86400;
const NANOS_PER_SECOND: u64 = 1_000_000_000;
const ALL_MONTH_DAYS: u32 = 0xfffffffe;

/**
 * MATCH_TIME: u32 first and last date (seconds since 1970), u32 first and last second of the day,
 * u32 days of the month, u32 days of the week (bit 1 Monday … bit 7 Sunday), u32 contiguous.
 */
export function timeMatches(p: Packet, match: usize): bool {
  const at = matchPayload(match);
  let stamp = <i64>(p.tsNanos / NANOS_PER_SECOND);
  if (stamp < <i64>load<u32>(at) || stamp > <i64>load<u32>(at, 4)) return false;
  const second = <u32>(stamp % SECONDS_PER_DAY);
  const start = load<u32>(at, 8);
  const stop = load<u32>(at, 12);
  if (start < stop) {
    if (second < start || second > stop) return false;
  } else {
    if (second < start && second > stop) return false;
    // A span over midnight belongs to the day on which it began.
    if (load<u32>(at, 24) && second <= stop) stamp -= SECONDS_PER_DAY;
  }
  const day = stamp / SECONDS_PER_DAY;
  const weekDay = <u32>((day + 3) % 7) + 1; // 1970-01-01 was a Thursday
  if (!((load<u32>(at, 20) >> weekDay) & 1)) return false;
  const monthDays = load<u32>(at, 16);
  return monthDays == ALL_MONTH_DAYS || ((monthDays >> dayOfMonth(day)) & 1) != 0;
}

/** 1 to 31, from days since 1970 (Gregorian calendar; era arithmetic of 400 years). */
function dayOfMonth(days: i64): u32 {
  const shifted = days + 719468; // since 0000-03-01
  const dayOfEra = shifted % 146097;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const month = (5 * dayOfYear + 2) / 153;
  return <u32>(dayOfYear - (153 * month + 2) / 5 + 1);
}
