/**
 * Readers of option values: each takes a word and returns its value or throws a Fault that says
 * what was expected. Numbers are decimal, hexadecimal (0x) or octal (0…), as strtoul with base 0.
 */
import {
  addressBits,
  maskPrefixLen,
  parseAddress,
  parseAddressMask,
  prefixMask,
} from './address.ts';
import type { Argument, RuleContext } from './extension.ts';
import { Fault } from './fault.ts';
import { namedIn } from './named-in.ts';
import { protocolNumber } from './protocols.ts';
import { servicePort } from './services.ts';
import type {
  Address,
  AddressMask,
  AddressRange,
  BigRange,
  InterfaceName,
  MacAddress,
  MaskedValue,
  NumberRange,
  Rate,
} from './values.ts';

export const MAX_U8 = 0xff;
export const MAX_U16 = 0xffff;
export const MAX_U32 = 0xffffffff;
const MAX_U64 = 0xffffffffffffffffn;

function expected(what: string, arg: Argument): Fault {
  return new Fault(`expected ${what}, found "${arg.text}"`, arg.column);
}

/** The unsigned number that `text` is, else null. */
export function parseUnsigned(text: string): bigint | null {
  if (/^(0x[0-9a-f]+|[1-9]\d*)$/i.test(text)) return BigInt(text);
  if (/^0[0-7]*$/.test(text)) return BigInt(`0o0${text}`);
  return null;
}

/** Part of a word, with its own column. */
export function part(arg: Argument, from: number, to?: number): Argument {
  return { text: arg.text.slice(from, to), column: arg.column + from };
}

/** The parts between separators. */
export function split(arg: Argument, separator: string): Argument[] {
  let from = 0;
  return arg.text.split(separator).map((text) => {
    const piece = { text, column: arg.column + from };
    from += text.length + separator.length;
    return piece;
  });
}

export function text(arg: Argument): string {
  return arg.text;
}

export function u64(arg: Argument): bigint {
  const value = parseUnsigned(arg.text);
  if (value === null || value > MAX_U64) throw expected('a number', arg);
  return value;
}

/** A reader of numbers from `min` to `max`. */
export function unsigned(max: number, min = 0): (arg: Argument) => number {
  return (arg) => {
    const value = parseUnsigned(arg.text);
    if (value === null || value < min || value > max) {
      throw expected(`a number from ${min} to ${max}`, arg);
    }
    return Number(value);
  };
}

export const u8 = unsigned(MAX_U8);
export const u16 = unsigned(MAX_U16);
export const u32 = unsigned(MAX_U32);

/** {value} of a number, for conditions that carry `invert` beside it. */
export function asValue(reader: (arg: Argument) => number): (arg: Argument) => { value: number } {
  return (arg) => ({ value: reader(arg) });
}

/** {number} of a number. */
export function asNumber(reader: (arg: Argument) => number): (arg: Argument) => { number: number } {
  return (arg) => ({ number: reader(arg) });
}

/** A reader of `min:max`, `min:`, `:max` and single numbers. */
export function unsignedRange(max: number): (arg: Argument) => NumberRange {
  const reader = unsigned(max);
  return (arg) => {
    const pieces = split(arg, ':');
    const [low, high] = pieces;
    if (low === undefined || pieces.length > 2) throw expected('a number or a range', arg);
    if (high === undefined) {
      const only = reader(low);
      return { min: only, max: only };
    }
    const range = {
      min: low.text === '' ? 0 : reader(low),
      max: high.text === '' ? max : reader(high),
    };
    if (range.min > range.max) throw expected('a range that ends above its start', arg);
    return range;
  };
}

/** `from:to`, `from:` and `:to` of 64-bit numbers; a single number reaches up to the largest. */
export function u64Range(arg: Argument): BigRange {
  const pieces = split(arg, ':');
  const [low, high] = pieces;
  if (low === undefined || pieces.length > 2) throw expected('a number or a range', arg);
  const min = low.text === '' ? 0n : u64(low);
  const max = high === undefined || high.text === '' ? MAX_U64 : u64(high);
  if (min > max) throw expected('a range that ends above its start', arg);
  return { min, max };
}

/** A port by number or service name. */
export function port(arg: Argument): number {
  const value = parseUnsigned(arg.text);
  if (value !== null && value <= MAX_U16) return Number(value);
  const named = value === null ? servicePort(arg.text) : undefined;
  if (named === undefined) throw expected('a port (0 to 65535 or a service name)', arg);
  return named;
}

/** `port`, `min:max`, `min:`, `:max`. */
export function portRange(arg: Argument): NumberRange {
  if (!arg.text.includes(':')) {
    const only = port(arg); // as nearly all are
    return { min: only, max: only };
  }
  const pieces = split(arg, ':');
  const [low, high] = pieces;
  if (low === undefined || pieces.length > 2) throw expected('a port or a port range', arg);
  const range = {
    min: low.text === '' && high !== undefined ? 0 : port(low),
    max: high === undefined ? -1 : high.text === '' ? MAX_U16 : port(high),
  };
  if (high === undefined) return { min: range.min, max: range.min };
  if (range.min > range.max) throw expected('a range that ends above its start', arg);
  return range;
}

/** A protocol by number or name; "all" is 0. */
export function protocol(arg: Argument): number {
  const value = parseUnsigned(arg.text);
  if (value !== null && value <= MAX_U8) return Number(value);
  const named = value === null ? protocolNumber(arg.text.toLowerCase()) : undefined;
  if (named === undefined) throw expected('a protocol (0 to 255 or a name)', arg);
  return named;
}

/** {number} of a protocol other than "all". */
export function protocolCondition(arg: Argument): { number: number } {
  const number = protocol(arg);
  if (number === 0) throw expected('one protocol', arg);
  return { number };
}

/** A reader of `value[/mask]`, the mask being all ones where it is not given. */
export function masked(max: number): (arg: Argument) => MaskedValue {
  const reader = unsigned(max);
  return (arg) => {
    const slash = arg.text.indexOf('/');
    if (slash < 0) return { value: reader(arg), mask: max };
    return { value: reader(part(arg, 0, slash)), mask: reader(part(arg, slash + 1)) };
  };
}

/** `value[/mask]` of 32 bits. */
export const mark = masked(MAX_U32);

const TOS_NAMES: Readonly<Record<string, number>> = {
  'minimize-delay': 0x10,
  'maximize-throughput': 0x08,
  'maximize-reliability': 0x04,
  'minimize-cost': 0x02,
  'normal-service': 0x00,
};

/** `value[/mask]` or a name; a name leaves the ECN bits out (mask 0x3f, as iptables has it). */
export function tos(arg: Argument): MaskedValue {
  const value = namedIn(TOS_NAMES, arg.text.toLowerCase());
  if (value !== undefined) return { value, mask: 0x3f };
  return masked(MAX_U8)(arg);
}

const DSCP_CLASSES: Readonly<Record<string, number>> = { be: 0, ef: 0x2e };

/** A DiffServ class: CS0 … CS7, AF11 … AF43, BE, EF (RFC 2474, 2597, 3246). */
export function dscpClass(arg: Argument): number {
  const name = arg.text.toLowerCase();
  const value = namedIn(DSCP_CLASSES, name);
  if (value !== undefined) return value;
  const selector = /^cs([0-7])$/.exec(name);
  if (selector !== null) return Number(selector[1]) << 3;
  const assured = /^af([1-4])([1-3])$/.exec(name);
  if (assured !== null) return (Number(assured[1]) << 3) | (Number(assured[2]) << 1);
  throw expected('a DiffServ class', arg);
}

export function address(arg: Argument, context: RuleContext): Address {
  const value = parseAddress(arg.text, context.family);
  if (value === null) throw expected(`an IPv${context.family} address`, arg);
  return value;
}

/** address, address/prefixLen or address/mask. */
export function addressMask(arg: Argument, context: RuleContext): AddressMask {
  const value = parseAddressMask(arg.text, context.family);
  if (value === null) throw expected(`an IPv${context.family} address, network or mask`, arg);
  return value;
}

/** `first-last` or one address. */
export function addressRange(arg: Argument, context: RuleContext): AddressRange {
  const [low, high, more] = split(arg, '-');
  if (low === undefined || more !== undefined) throw expected('an address range', arg);
  const min = address(low, context);
  const max = high === undefined ? min : address(high, context);
  if (min > max) throw expected('a range that ends above its start', arg);
  return { min, max };
}

/** A prefix length, or a mask that is a prefix. */
export function prefixLen(arg: Argument, context: RuleContext): number {
  const value = parseUnsigned(arg.text);
  if (value !== null && value <= addressBits(context.family)) return Number(value);
  const mask = parseAddress(arg.text, context.family);
  const length = mask === null ? null : maskPrefixLen(mask, context.family);
  if (length === null) throw expected('a prefix length', arg);
  return length;
}

/** The mask of a prefix length, or the mask itself. */
export function prefixLenMask(arg: Argument, context: RuleContext): Address {
  const value = parseUnsigned(arg.text);
  if (value !== null && value <= addressBits(context.family)) {
    return prefixMask(Number(value), context.family);
  }
  return address(arg, context);
}

const MAX_INTERFACE_NAME = 15; // IFNAMSIZ - 1

export function interfaceName(arg: Argument): InterfaceName {
  if (arg.text === '' || arg.text.length > MAX_INTERFACE_NAME) {
    throw expected(`an interface name of 1 to ${MAX_INTERFACE_NAME} characters`, arg);
  }
  const wildcard = arg.text.endsWith('+');
  return { name: wildcard ? arg.text.slice(0, -1) : arg.text, wildcard };
}

/** Six hexadecimal octets. */
export function mac(arg: Argument): MacAddress {
  const octets = arg.text.split(':');
  if (octets.length !== 6 || octets.some((octet) => !/^[0-9a-f]{1,2}$/i.test(octet))) {
    throw expected('a MAC address', arg);
  }
  return octets.reduce((value, octet) => value * 256 + Number.parseInt(octet, 16), 0);
}

/** A reader of one of `words`, any case. */
export function oneOf<const W extends string>(words: readonly W[]): (arg: Argument) => W {
  return (arg) => {
    const found = words.find((word) => word.toLowerCase() === arg.text.toLowerCase());
    if (found === undefined) throw expected(words.join(', '), arg);
    return found;
  };
}

/** A reader of one of `words` or the beginning of one, any case; the first that fits. */
export function prefixOf<const W extends string>(words: readonly W[]): (arg: Argument) => W {
  return (arg) => {
    const start = arg.text.toLowerCase();
    const found = words.find((word) => start !== '' && word.toLowerCase().startsWith(start));
    if (found === undefined) throw expected(words.join(', '), arg);
    return found;
  };
}

/** A reader of a comma-separated list. */
export function listOf<T>(
  reader: (arg: Argument, context: RuleContext) => T,
): (arg: Argument, context: RuleContext) => T[] {
  return (arg, context) => split(arg, ',').map((piece) => reader(piece, context));
}

const UNITS: ReadonlyArray<readonly [string, number]> = [
  ['second', 1],
  ['minute', 60],
  ['hour', 3600],
  ['day', 86400],
];

/** `amount[/unit]`, the unit being the beginning of second, minute, hour or day. */
export function rate(arg: Argument): Rate {
  const slash = arg.text.indexOf('/');
  const amount = slash < 0 ? arg.text : arg.text.slice(0, slash);
  const unit = slash < 0 ? 'second' : arg.text.slice(slash + 1).toLowerCase();
  const found = UNITS.find(([name]) => unit !== '' && name.startsWith(unit));
  if (!/^[1-9]\d*$/.test(amount) || found === undefined) {
    throw expected('a rate such as 10/minute', arg);
  }
  return { amount: Number(amount), unitSec: found[1] };
}

/** A string of at most `max` bytes. */
export function shortText(max: number, min = 0): (arg: Argument) => string {
  return (arg) => {
    const bytes = Buffer.byteLength(arg.text);
    if (bytes < min || bytes > max) throw expected(`${min} to ${max} characters`, arg);
    return arg.text;
  };
}
