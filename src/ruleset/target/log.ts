import { type Argument, type Extension, FLAG, VALUE } from '../extension.ts';
import { Fault } from '../fault.ts';
import { namedIn } from '../named-in.ts';
import { parseUnsigned, shortText } from '../readers.ts';

/** -j LOG */
export interface LogTarget {
  readonly kind: 'LOG';
  /** Syslog level, 0 … 7. */
  readonly level: number;
  readonly prefix: string;
  readonly tcpSequence: boolean;
  readonly tcpOptions: boolean;
  readonly ipOptions: boolean;
  readonly uid: boolean;
  readonly macDecode: boolean;
}

const LEVELS: Readonly<Record<string, number>> = {
  emerg: 0,
  panic: 0,
  alert: 1,
  crit: 2,
  err: 3,
  error: 3,
  warning: 4,
  warn: 4,
  notice: 5,
  info: 6,
  debug: 7,
};
const DEFAULT_LEVEL = 4; // LOG_DEFAULT_LEVEL, warning

function level(arg: Argument): number {
  const value = parseUnsigned(arg.text);
  const found = value === null ? namedIn(LEVELS, arg.text.toLowerCase()) : Number(value);
  if (found === undefined || found > 7) {
    throw new Fault(`expected a log level (0 to 7 or a name), found "${arg.text}"`, arg.column);
  }
  return found;
}

export const logExtension: Extension<LogTarget> = {
  name: 'LOG',
  options: {
    'log-level': VALUE,
    'log-prefix': VALUE,
    'log-tcp-sequence': FLAG,
    'log-tcp-options': FLAG,
    'log-ip-options': FLAG,
    'log-uid': FLAG,
    'log-macdecode': FLAG,
  },
  read: (options) => ({
    kind: 'LOG',
    level: options.value('log-level', level, DEFAULT_LEVEL),
    prefix: options.value('log-prefix', shortText(256, 1), ''),
    tcpSequence: options.has('log-tcp-sequence'),
    tcpOptions: options.has('log-tcp-options'),
    ipOptions: options.has('log-ip-options'),
    uid: options.has('log-uid'),
    macDecode: options.has('log-macdecode'),
  }),
};
