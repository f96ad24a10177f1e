/** Conditions on one dimension: sets of values, with inversion resolved. */
import {
  ADDRESS_TYPE_VALUES,
  CT_VALUES,
  DIM_CT,
  type DIM_DST,
  DIM_DST_TYPE,
  DIM_IN,
  DIM_OUT,
  DIM_PHYSIN,
  DIM_PHYSOUT,
  DIM_PKTTYPE,
  type DIM_SRC,
  DIM_SRC_TYPE,
  MATCH_ADDRESSES,
  MATCH_INVERT,
  MATCH_NEVER,
  MATCH_RANGES,
  MATCH_VALUES,
  PHYSOUT_NONE,
  PKTTYPE_VALUES,
} from '../../../assembly/abi-rules.ts';
import type { Host } from '../../host/host.ts';
import type { Address, AddressRange, Family, NumberRange } from '../../ruleset/values.ts';
import { ByteWriter } from './byte-writer.ts';
import type { LoweredMatch } from './context.ts';

export const MAX_U16 = 0xffff;
const MAX_U32 = 0xffffffff;
const WORD_BITS = 64;
const VALUES_HEADER_BYTES = 8;
const RANGES_HEADER_BYTES = 8;
const RANGE_BYTES = 4;
const ADDRESS_RANGE_BYTES = 32;
const U64 = (1n << 64n) - 1n;

/** A match without a dimension. */
export function match(kind: number, payload: Uint8Array, invert = false, flags = 0): LoweredMatch {
  return { kind, dim: 0, flags: flags | (invert ? MATCH_INVERT : 0), payload };
}

export const NEVER: LoweredMatch = match(MATCH_NEVER, new Uint8Array(0));

/** Number of values of a small dimension; the core's dimensionValues(). */
function domain(dim: number, host: Host): number {
  switch (dim) {
    case DIM_IN:
    case DIM_OUT:
    case DIM_PHYSIN:
      return host.interfaces.length + 1;
    case DIM_PHYSOUT:
      return host.interfaces.length + 1 + PHYSOUT_NONE;
    case DIM_CT:
      return CT_VALUES;
    case DIM_PKTTYPE:
      return PKTTYPE_VALUES;
    case DIM_SRC_TYPE:
    case DIM_DST_TYPE:
      return ADDRESS_TYPE_VALUES;
    default:
      return 256;
  }
}

/** The values of a small dimension for which `holds`. */
export function values(
  dim: number,
  host: Host,
  holds: (value: number) => boolean,
  flags = 0,
): LoweredMatch {
  const count = domain(dim, host);
  const words = Math.ceil(count / WORD_BITS);
  const payload = new Uint8Array(VALUES_HEADER_BYTES + (words * WORD_BITS) / 8);
  new DataView(payload.buffer).setUint32(0, words, true);
  for (let value = 0; value < count; value++) {
    if (!holds(value)) continue;
    const byte = VALUES_HEADER_BYTES + (value >> 3);
    payload[byte] = (payload[byte] ?? 0) | (1 << (value & 7));
  }
  return { kind: MATCH_VALUES, dim, flags, payload };
}

/** Ascending, disjoint, and without gaps of size 0; the complement when inverted. */
export function normalRanges(
  ranges: readonly NumberRange[],
  invert: boolean,
  top = MAX_U16,
): NumberRange[] {
  if (ranges.length === 1 && !invert) return ranges.map(({ min, max }) => ({ min, max }));
  const merged: NumberRange[] = [];
  for (const { min, max } of [...ranges].sort((a, b) => a.min - b.min)) {
    const last = merged.at(-1);
    if (last === undefined || min > last.max + 1) merged.push({ min, max });
    else merged[merged.length - 1] = { min: last.min, max: Math.max(last.max, max) };
  }
  if (!invert) return merged;
  const gaps: NumberRange[] = [];
  let next = 0;
  for (const { min, max } of merged) {
    if (min > next) gaps.push({ min: next, max: min - 1 });
    next = max + 1;
  }
  if (next <= top) gaps.push({ min: next, max: top });
  return gaps;
}

export function rangesPayload(ranges: readonly NumberRange[]): Uint8Array {
  const out = new ByteWriter(RANGES_HEADER_BYTES + ranges.length * RANGE_BYTES);
  out.u32(ranges.length, 0);
  for (const { min, max } of ranges) out.u32(min | (max << 16)); // u16 each
  return out.toUint8Array();
}

/** Values of a 16-bit dimension. */
export function ranges(
  dim: number,
  wanted: readonly NumberRange[],
  invert: boolean,
  flags = 0,
): LoweredMatch {
  const payload = rangesPayload(normalRanges(wanted, invert));
  return { kind: MATCH_RANGES, dim, flags: flags | (invert ? MATCH_INVERT : 0), payload };
}

/** Halves of an address as a 128-bit key: IPv4 in the upper 32 bits. */
export function addressKey(address: Address, family: Family): readonly [bigint, bigint] {
  return family === 4 ? [address << 32n, 0n] : [address >> 64n, address & U64];
}

export function topAddress(family: Family): Address {
  return family === 4 ? 0xffffffffn : (1n << 128n) - 1n;
}

/** Addresses of a range, or all others. */
export function addresses(
  dim: typeof DIM_SRC | typeof DIM_DST,
  { min, max }: AddressRange,
  invert: boolean,
  family: Family,
): LoweredMatch {
  const top = topAddress(family);
  const wanted: AddressRange[] = !invert && min <= max ? [{ min, max }] : [];
  if (invert && min > max) wanted.push({ min: 0n, max: top });
  else if (invert) {
    if (min > 0n) wanted.push({ min: 0n, max: min - 1n });
    if (max < top) wanted.push({ min: max + 1n, max: top });
  }
  const out = new ByteWriter(RANGES_HEADER_BYTES + wanted.length * ADDRESS_RANGE_BYTES);
  out.u32(wanted.length, 0);
  for (const range of wanted) {
    if (family === 4) {
      // The first and the last of the keys that begin with these 32 bits.
      out.u32(0, Number(range.min), 0, 0, MAX_U32, Number(range.max), MAX_U32, MAX_U32);
    } else {
      out.u64(...addressKey(range.min, family), ...addressKey(range.max, family));
    }
  }
  return { kind: MATCH_ADDRESSES, dim, flags: 0, payload: out.toUint8Array() };
}
