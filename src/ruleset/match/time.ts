import { type Argument, alias, type Extension, FLAG, VALUE, VALUE_OR_NOT } from '../extension.ts';
import { Fault } from '../fault.ts';
import { MAX_U32, split } from '../readers.ts';

/** -m time */
export interface TimeMatch {
  readonly kind: 'time';
  /** Seconds since 1970 in the clock chosen by `kernelTimezone`, inclusive. */
  readonly dateStart: number;
  readonly dateStop: number;
  /** Seconds of the day, inclusive; start > stop spans midnight. */
  readonly dayStart: number;
  readonly dayStop: number;
  /** Bit n: day n of the month (1 … 31). */
  readonly monthDays: number;
  /** Bit n: 1 Monday … 7 Sunday. */
  readonly weekDays: number;
  /** A span over midnight belongs to the day it starts on. */
  readonly contiguous: boolean;
  /** Compare in the kernel's time zone instead of UTC. */
  readonly kernelTimezone: boolean;
}

const LAST_SECOND = 86399;
const ALL_MONTH_DAYS = 0xfffffffe;
const ALL_WEEK_DAYS = 0xfe;
const NO_STOP = 0x7fffffff;
const WEEK_DAYS = ['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su'];

/** YYYY[-MM[-DD[Thh[:mm[:ss]]]]] as seconds since 1970, UTC. */
function date(arg: Argument): number {
  const parts =
    /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:T(\d{1,2})(?::(\d{1,2})(?::(\d{1,2}))?)?)?)?)?$/.exec(
      arg.text,
    );
  const [, year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = (parts ?? []).map(
    (piece) => (piece === undefined ? undefined : Number(piece)),
  );
  const inRange =
    year >= 1970 && year <= 2038 && month <= 12 && day <= 31 && hour < 24 && minute < 60;
  if (parts === null || !inRange || second > 59) {
    throw new Fault(`expected YYYY[-MM[-DD[Thh[:mm[:ss]]]]], found "${arg.text}"`, arg.column);
  }
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}

/** hh:mm[:ss] as seconds of the day. */
function dayTime(arg: Argument): number {
  const parts = /^(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?$/.exec(arg.text);
  const [hour, minute, second] = [1, 2, 3].map((i) => Number(parts?.[i] ?? 0));
  if (parts === null || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) {
    throw new Fault(`expected hh:mm[:ss], found "${arg.text}"`, arg.column);
  }
  return Number(hour) * 3600 + Number(minute) * 60 + Number(second);
}

function monthDays(arg: Argument): number {
  return split(arg, ',').reduce((mask, piece) => {
    const day = /^\d{1,2}$/.test(piece.text) ? Number(piece.text) : 0;
    if (day < 1 || day > 31) throw new Fault('expected days from 1 to 31', piece.column);
    return (mask | (1 << day)) >>> 0;
  }, 0);
}

/** Names of at least two letters, or 1 (Monday) to 7. */
function weekDays(arg: Argument): number {
  return split(arg, ',').reduce((mask, piece) => {
    const named = WEEK_DAYS.indexOf(piece.text.slice(0, 2).toLowerCase()) + 1;
    const day = /^[1-7]$/.test(piece.text) ? Number(piece.text) : named;
    if (day === 0) throw new Fault('expected Mon to Sun or 1 to 7', piece.column);
    return mask | (1 << day);
  }, 0);
}

export const timeExtension: Extension<TimeMatch> = {
  name: 'time',
  options: {
    datestart: VALUE,
    datestop: VALUE,
    timestart: VALUE,
    timestop: VALUE,
    contiguous: FLAG,
    weekdays: VALUE_OR_NOT,
    monthdays: VALUE_OR_NOT,
    localtz: alias('kerneltz', FLAG),
    utc: FLAG,
    kerneltz: FLAG,
  },
  read: (options) => {
    options.oneOf(['kerneltz', 'utc']);
    const inMonth = options.value('monthdays', monthDays, ALL_MONTH_DAYS);
    const inWeek = options.value('weekdays', weekDays, ALL_WEEK_DAYS);
    const invertMonth = options.asked('monthdays') === false ? ALL_MONTH_DAYS : 0;
    const invertWeek = options.asked('weekdays') === false ? ALL_WEEK_DAYS : 0;
    return {
      kind: 'time',
      dateStart: options.value('datestart', date, 0),
      dateStop: Math.min(options.value('datestop', date, NO_STOP), MAX_U32),
      dayStart: options.value('timestart', dayTime, 0),
      dayStop: options.value('timestop', dayTime, LAST_SECOND),
      monthDays: (inMonth ^ invertMonth) >>> 0,
      weekDays: inWeek ^ invertWeek,
      contiguous: options.has('contiguous'),
      kernelTimezone: options.has('kerneltz'),
    };
  },
};
