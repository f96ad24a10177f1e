/** Reading and writing of addresses as unsigned integers; see values.ts for the representation. */
import type { Address, AddressMask, Family } from './values.ts';

/** Width of an address in bits. */
export function addressBits(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

function prefixMasks(bits: number): Address[] {
  return Array.from(
    { length: bits + 1 },
    (_, length) => ((1n << BigInt(length)) - 1n) << BigInt(bits - length),
  );
}

/** Masks by prefix length. */
const MASKS: Readonly<Record<Family, readonly Address[]>> = {
  4: prefixMasks(32),
  6: prefixMasks(128),
};

/** Mask with the first `prefixLen` bits set, 0 to the width of an address. */
export function prefixMask(prefixLen: number, family: Family): Address {
  const mask = MASKS[family][prefixLen];
  if (mask === undefined) throw new RangeError(`no IPv${family} prefix of ${prefixLen} bits`);
  return mask;
}

/** Length of a mask that is a prefix, else null (255.0.255.0). */
export function maskPrefixLen(mask: Address, family: Family): number | null {
  const prefixLen = MASKS[family].indexOf(mask);
  return prefixLen < 0 ? null : prefixLen;
}

const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const NO_DIGITS = -1;

/** Character by character: rule sets have thousands, read before anything is compiled. */
function parseIpv4(text: string): Address | null {
  let address = 0;
  let dots = 0;
  let octet = NO_DIGITS;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (octet === NO_DIGITS) return null;
      address = address * 256 + octet;
      octet = NO_DIGITS;
      dots++;
    } else {
      if (code < ZERO || code > NINE || octet === 0) return null; // 0 stands alone
      octet = Math.max(octet, 0) * 10 + code - ZERO;
      if (octet > 255) return null;
    }
  }
  return dots === 3 && octet !== NO_DIGITS ? BigInt(address * 256 + octet) : null;
}

/** 16-bit groups of one side of `::`; the last may be a dotted IPv4 address. */
function parseGroups(text: string): bigint[] | null {
  if (text === '') return [];
  const groups: bigint[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (i === parts.length - 1 && part.includes('.')) {
      const v4 = parseIpv4(part);
      if (v4 === null) return null;
      groups.push(v4 >> 16n, v4 & 0xffffn);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return null;
      groups.push(BigInt(`0x${part}`));
    }
  }
  return groups;
}

function parseIpv6(text: string): Address | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0] ?? '');
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '') : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...Array<bigint>(missing).fill(0n), ...tail];
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

/** The address, or null where `text` is not one of this family (RFC 4291 section 2.2 for IPv6). */
export function parseAddress(text: string, family: Family): Address | null {
  return family === 4 ? parseIpv4(text) : parseIpv6(text);
}

type Mask = Pick<AddressMask, 'mask' | 'prefixLen'>;

function parseMask(text: string, family: Family): Mask | null {
  if (/^\d{1,3}$/.test(text)) {
    const prefixLen = Number(text);
    if (prefixLen > addressBits(family)) return null;
    return { mask: prefixMask(prefixLen, family), prefixLen };
  }
  const mask = parseAddress(text, family);
  return mask === null ? null : { mask, prefixLen: maskPrefixLen(mask, family) };
}

/**
 * `address`, `address/prefixLen` or `address/mask`; null where `text` is none of these. Bits
 * outside the mask are cleared. As iptables, an IPv4 address before a mask may leave out octets
 * (10/8).
 */
export function parseAddressMask(text: string, family: Family): AddressMask | null {
  const slash = text.lastIndexOf('/');
  if (slash < 0) {
    const bits = addressBits(family);
    const address = parseAddress(text, family);
    return address === null ? null : { address, mask: prefixMask(bits, family), prefixLen: bits };
  }
  const mask = parseMask(text.slice(slash + 1), family);
  if (mask === null) return null;
  let host = text.slice(0, slash);
  if (family === 4 && /^\d+(\.\d+){0,2}$/.test(host)) {
    host += '.0'.repeat(4 - host.split('.').length);
  }
  const address = parseAddress(host, family);
  if (address === null) return null;
  return { address: address & mask.mask, mask: mask.mask, prefixLen: mask.prefixLen };
}

/** The longest run of zero groups, at least two of them (RFC 5952); null if there is none. */
function zeroRun(groups: readonly number[]): { start: number; length: number } | null {
  let best: { start: number; length: number } | null = null;
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > Math.max(1, best?.length ?? 0)) best = { start, length: end - start };
  }
  return best;
}

function formatIpv6(address: Address): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    Number((address >> BigInt(112 - 16 * i)) & 0xffffn),
  );
  // inet_ntop writes ::ffff:a.b.c.d and ::a.b.c.d with a dotted tail.
  const high = address >> 32n;
  if (high === 0xffffn || (high === 0n && address > 0xffffn)) {
    return `${high === 0n ? '::' : '::ffff:'}${formatIpv4(address & 0xffffffffn)}`;
  }
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  const run = zeroRun(groups);
  if (run === null) return text(groups);
  return `${text(groups.slice(0, run.start))}::${text(groups.slice(run.start + run.length))}`;
}

function formatIpv4(address: Address): string {
  return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join('.');
}

/** As inet_ntop writes it. */
export function formatAddress(address: Address, family: Family): string {
  return family === 4 ? formatIpv4(address) : formatIpv6(address);
}

/** 4 or 16 bytes in network order. */
export function addressBytes(address: Address, family: Family): Uint8Array {
  if (family === 4) {
    const value = Number(address);
    return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
  }
  const bytes = new Uint8Array(16);
  for (let i = bytes.length - 1, rest = address; i >= 0; i--, rest >>= 8n) {
    bytes[i] = Number(rest & 255n);
  }
  return bytes;
}

/** The address in 4 or 16 bytes of network order. */
export function addressFromBytes(bytes: Uint8Array): Address {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
