import { addressBits } from '../address.ts';
import {
  type Argument,
  alias,
  type Extension,
  FLAG,
  type Options,
  VALUE,
  VALUE_OR_NOT,
} from '../extension.ts';
import { Fault } from '../fault.ts';
import { listOf, oneOf, parseUnsigned, prefixLen, rate, shortText, u32 } from '../readers.ts';
import type { Rate } from '../values.ts';

export type HashlimitKey = 'srcip' | 'srcport' | 'dstip' | 'dstport';

/** -m hashlimit */
export interface HashlimitMatch {
  readonly kind: 'hashlimit';
  readonly name: string;
  /** Match while the rate is not exceeded, or only above it. */
  readonly when: 'upto' | 'above';
  /** Packets in a time, or bytes a second. */
  readonly rate:
    | ({ readonly of: 'packets' } & Rate)
    | { readonly of: 'bytes'; readonly perSec: number };
  /** Packets, or bytes when the rate is in bytes (0: none given, the kernel's unit is used). */
  readonly burst: number;
  readonly keys: readonly HashlimitKey[];
  readonly srcPrefixLen: number;
  readonly dstPrefixLen: number;
  /** Buckets; 0 leaves the choice to the kernel. */
  readonly tableSize: number;
  /** Entries; 0: no bound given. */
  readonly tableMax: number;
  readonly expireMs: number;
  readonly gcIntervalMs: number;
  readonly rateMatch: boolean;
  /** Seconds; 0 where --hashlimit-rate-match is not used. */
  readonly rateIntervalSec: number;
}

const KEYS: readonly HashlimitKey[] = ['dstip', 'srcip', 'dstport', 'srcport'];
const DEFAULT_BURST = 5;
const DEFAULT_GC_INTERVAL_MS = 1000;
const BYTE_EXPIRE_SEC = 15;
const BYTE_EXPIRE_BURST_SEC = 60;

type HashlimitRate = HashlimitMatch['rate'];

function factor(suffix: string): number {
  if (suffix === 'm') return 1024 * 1024;
  return suffix === 'k' ? 1024 : 1;
}

/** `10/minute`, or bytes a second as `512kb/s`. */
function packetsOrBytes(arg: Argument): HashlimitRate {
  const bytes = /^(\d+)([km]?)b\/s$/.exec(arg.text);
  if (bytes === null) return { of: 'packets', ...rate(arg) };
  const perSec = Number(bytes[1]) * factor(bytes[2] ?? '');
  if (perSec === 0) throw new Fault('expected a rate above zero', arg.column);
  return { of: 'bytes', perSec };
}

/** A number of packets, or of bytes with kb and mb as units. */
function burstSize(arg: Argument): number {
  const parts = /^(\d+)([km]?)b?$/.exec(arg.text);
  const value = parts === null ? 0 : Number(parts[1]) * factor(parts[2] ?? '');
  if (value < 1) throw new Fault(`expected a burst above zero, found "${arg.text}"`, arg.column);
  return value;
}

function expireMs(rateUnit: HashlimitRate, hasBurst: boolean): number {
  if (rateUnit.of === 'packets') return rateUnit.unitSec * 1000;
  return (hasBurst ? BYTE_EXPIRE_BURST_SEC : BYTE_EXPIRE_SEC) * 1000;
}

function keys(options: Options): HashlimitKey[] {
  const none = options.find('hashlimit-mode')?.args[0]?.text === '';
  return none ? [] : options.value('hashlimit-mode', listOf(oneOf(KEYS)), []);
}

function intervalSec(options: Options, rateUnit: HashlimitRate): number {
  if (!options.has('hashlimit-rate-match')) return 0;
  const otherwise = rateUnit.of === 'packets' ? rateUnit.unitSec : 1;
  return options.value('hashlimit-rate-interval', seconds, otherwise);
}

const SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86400 };

function seconds(arg: Argument): number {
  const parts = /^(\d+)(\w*)$/.exec(arg.text);
  const unit = SECONDS[(parts?.[2] ?? '').charAt(0)];
  const value = parseUnsigned(parts?.[1] ?? '');
  if (unit === undefined || value === null || value === 0n) {
    throw new Fault(`expected a time such as 10s, found "${arg.text}"`, arg.column);
  }
  return Number(value) * unit;
}

export const hashlimitExtension: Extension<HashlimitMatch> = {
  name: 'hashlimit',
  options: {
    'hashlimit-upto': VALUE_OR_NOT,
    'hashlimit-above': VALUE_OR_NOT,
    hashlimit: alias('hashlimit-upto', VALUE_OR_NOT),
    'hashlimit-srcmask': VALUE,
    'hashlimit-dstmask': VALUE,
    'hashlimit-burst': VALUE,
    'hashlimit-htable-size': VALUE,
    'hashlimit-htable-max': VALUE,
    'hashlimit-htable-gcinterval': VALUE,
    'hashlimit-htable-expire': VALUE,
    'hashlimit-mode': VALUE,
    'hashlimit-name': VALUE,
    'hashlimit-rate-match': FLAG,
    'hashlimit-rate-interval': VALUE,
  },
  read: (options) => {
    const given = options.needOneOf(['hashlimit-upto', 'hashlimit-above']);
    const bits = addressBits(options.context.family);
    const limit = options.argument(given, packetsOrBytes);
    const expire = expireMs(limit, options.has('hashlimit-burst'));
    return {
      kind: 'hashlimit',
      name: options.required('hashlimit-name', shortText(254, 1)),
      when: (given.id === 'hashlimit-above') !== given.invert ? 'above' : 'upto',
      rate: limit,
      burst: options.value('hashlimit-burst', burstSize, limit.of === 'bytes' ? 0 : DEFAULT_BURST),
      keys: keys(options),
      srcPrefixLen: options.value('hashlimit-srcmask', prefixLen, bits),
      dstPrefixLen: options.value('hashlimit-dstmask', prefixLen, bits),
      tableSize: options.value('hashlimit-htable-size', u32, 0),
      tableMax: options.value('hashlimit-htable-max', u32, 0),
      expireMs: options.value('hashlimit-htable-expire', u32, expire),
      gcIntervalMs: options.value('hashlimit-htable-gcinterval', u32, DEFAULT_GC_INTERVAL_MS),
      rateMatch: options.has('hashlimit-rate-match'),
      rateIntervalSec: intervalSec(options, limit),
    };
  },
};
