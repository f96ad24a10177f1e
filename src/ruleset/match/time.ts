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
