import * as abi from '../../assembly/abi-match.ts';
import { addressBytes } from '../ruleset/address.ts';
import type { Address, Family, NumberRange } from '../ruleset/values.ts';
import type { Bytes } from './bytes.ts';

/** A test of one dimension: the value lies in one of the ranges. Inversion is resolved already. */
export type Condition =
  | { readonly dim: number; readonly ranges: readonly NumberRange[] }
  | { readonly dim: number; readonly addresses: readonly AddressRange[] };

interface AddressRange {
  readonly min: Address;
  readonly max: Address;
}

const MAX_U16 = 0xffff;

/** The numbers from 0 to `top` that are in none of the ranges. */
export function complement(ranges: readonly NumberRange[], top: number): NumberRange[] {
  const sorted = [...ranges].sort((a, b) => a.min - b.min);
  const out: NumberRange[] = [];
  let next = 0;
  for (const { min, max } of sorted) {
    if (min > next) out.push({ min: next, max: min - 1 });
    next = Math.max(next, max + 1);
  }
  if (next <= top) out.push({ min: next, max: top });
  return out;
}

export function numbers(
  dim: number,
  ranges: readonly NumberRange[],
  invert: boolean,
  top = MAX_U16,
): Condition {
  return { dim, ranges: invert ? complement(ranges, top) : ranges };
}

/** The values below `count` for which `holds`. */
export function values(dim: number, count: number, holds: (value: number) => boolean): Condition {
  const ranges: NumberRange[] = [];
  for (let value = 0; value < count; value++) {
    if (!holds(value)) continue;
    const last = ranges.at(-1);
    if (last !== undefined && last.max === value - 1) {
      ranges[ranges.length - 1] = { min: last.min, max: value };
    } else ranges.push({ min: value, max: value });
  }
  return { dim, ranges };
}

export function addresses(
  dim: number,
  range: AddressRange,
  invert: boolean,
  family: Family,
): Condition {
  if (!invert) return { dim, addresses: [range] };
  const top = family === 4 ? 0xffff_ffffn : (1n << 128n) - 1n;
  const out: AddressRange[] = [];
  if (range.min > 0n) out.push({ min: 0n, max: range.min - 1n });
  if (range.max < top) out.push({ min: range.max + 1n, max: top });
  return { dim, addresses: out };
}

export function isAddressCondition(
  condition: Condition,
): condition is Extract<Condition, { addresses: unknown }> {
  return 'addresses' in condition;
}

/** An address in the image's 16 bytes: IPv4 in the first four. */
export function imageAddress(address: Address, family: Family): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set(addressBytes(address, family));
  return bytes;
}

/** Upper end of a range as a key: an IPv4 range covers all keys that begin with its last address. */
function lastKey(address: Address, family: Family): Uint8Array {
  const bytes = imageAddress(address, family);
  if (family === 4) bytes.fill(0xff, 4);
  return bytes;
}

export function writeCondition(out: Bytes, condition: Condition, family: Family): void {
  if (isAddressCondition(condition)) {
    out.u16(condition.dim).u16(condition.addresses.length).u32(0);
    for (const { min, max } of condition.addresses) {
      out.raw(imageAddress(min, family)).raw(lastKey(max, family));
    }
    return;
  }
  out.u16(condition.dim).u16(condition.ranges.length).u32(0);
  for (const { min, max } of condition.ranges) out.u16(min).u16(max);
}

/** Dimensions that a target of this kind can change during a walk. */
export const CHANGED_BY: Readonly<Record<string, readonly number[]>> = {
  TTL: [abi.DIM_TTL],
  HL: [abi.DIM_TTL],
  TOS: [abi.DIM_TOS],
  DSCP: [abi.DIM_TOS],
  ECN: [abi.DIM_TOS],
  TCPMSS: [abi.DIM_LENGTH],
  CT: [abi.DIM_CT],
};
