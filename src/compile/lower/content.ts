/** Matches on raw bytes and on time. */
import { MATCH_STRING, MATCH_TIME, MATCH_U32 } from '../../../assembly/abi-rules.ts';
import { ByteWriter } from './byte-writer.ts';
import { match } from './condition.ts';
import type { LowerContext, LoweredMatch, MatchOf } from './context.ts';

/** Numbers of u32's operators in the image. */
const U32_OPERATORS = { '&': 0, '<<': 1, '>>': 2, '@': 3 } as const;

export function lowerU32({ tests, invert }: MatchOf<'u32'>): LoweredMatch[] {
  const out = new ByteWriter().u32(tests.length, 0);
  for (const { offset, steps, ranges } of tests) {
    out.u32(steps.length, ranges.length, offset, 0);
    for (const { op, number } of steps) out.u32(U32_OPERATORS[op], number);
    for (const { min, max } of ranges) out.u32(min, max);
  }
  return [match(MATCH_U32, out.toUint8Array(), invert)];
}

export function lowerString(string: MatchOf<'string'>): LoweredMatch[] {
  const { from, to, pattern, ignoreCase, invert } = string;
  const out = new ByteWriter().u32(from, to, pattern.length, ignoreCase ? 1 : 0);
  return [match(MATCH_STRING, out.raw(pattern).align(8).toUint8Array(), invert)];
}

export function lowerTime(time: MatchOf<'time'>, { warn }: LowerContext): LoweredMatch[] {
  if (time.kernelTimezone) warn('time --kerneltz: the kernel is taken to keep UTC');
  const out = new ByteWriter().u32(time.dateStart, time.dateStop, time.dayStart, time.dayStop);
  out.u32(time.monthDays, time.weekDays, time.contiguous ? 1 : 0, 0);
  return [match(MATCH_TIME, out.toUint8Array())];
}
