const NANOS = 1_000_000_000n;
const MAX_MILLIS = 8.64e15; // of Date

/**
 * A function that writes nanoseconds since the epoch as ISO 8601 in UTC, with nine digits or six.
 * It remembers the last second: frames of one second share all but the digits.
 */
export function isoClock(nanoseconds: boolean): (tsNanos: bigint) => string {
  let lastSecond = -1n;
  let text = '';
  return (tsNanos) => {
    const second = tsNanos / NANOS;
    if (second !== lastSecond) {
      text = calendar(second);
      lastSecond = second;
    }
    const digits = String(tsNanos % NANOS).padStart(9, '0');
    return `${text}.${nanoseconds ? digits : digits.slice(0, 6)}Z`;
  };
}

function calendar(second: bigint): string {
  const iso = new Date(Math.min(Number(second) * 1000, MAX_MILLIS)).toISOString();
  return iso.slice(0, iso.indexOf('.'));
}
