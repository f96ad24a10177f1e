/** Numbers and quantities as people read them; the same in every locale. */

/** 1234567 is 1,234,567. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Three digits and a decimal unit: 861 kB, 1.21 MB. */
export function bytes(value: number): string {
  let unit = 0;
  let rest = value;
  while (rest >= 999.5 && unit < UNITS.length - 1) {
    rest /= 1000;
    unit++;
  }
  return `${unit === 0 ? rest : significant(rest)} ${UNITS[unit]}`;
}

/** 0.123 s, 12.4 s, 3 min 20 s, 5 h 12 min */
export function duration(seconds: number): string {
  if (seconds < 99.95) return `${significant(seconds)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Packets per second: 5.31 M, 812 k. */
export function rate(perSecond: number): string {
  if (perSecond >= 999_500) return `${significant(perSecond / 1e6)} M`;
  if (perSecond >= 1000) return `${significant(perSecond / 1e3)} k`;
  return String(Math.round(perSecond));
}

function significant(value: number): string {
  if (value >= 99.95) return String(Math.round(value));
  if (value >= 9.995) return value.toFixed(1);
  return value.toFixed(value >= 0.995 || value === 0 ? 2 : 3);
}

/** "1 packet", "2 packets" */
export function plural(value: number, noun: string, nouns = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : nouns}`;
}

/** Cut to `width` columns, with an ellipsis where something is missing. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
