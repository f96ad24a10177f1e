/**
 * Values that matches and targets share. Everything is readonly and plain data.
 *
 * Addresses and masks are unsigned integers (bigint): 32 bits wide in an IPv4 rule set, 128 bits in
 * an IPv6 one; the family is the rule set's. address.ts reads and writes them. One type for both
 * widths compares, masks and iterates without helper functions and survives structural equality.
 */
export type Family = 4 | 6;
export type Address = bigint;

/** 48 bits, first octet highest (02:42:ac:11:00:02 is 0x0242ac110002). */
export type MacAddress = number;

/** The condition was written with `!`. */
export interface Invertible {
  readonly invert: boolean;
}

/** Inclusive on both ends. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
}

/** Inclusive on both ends; for values beyond 2^53. */
export interface BigRange {
  readonly min: bigint;
  readonly max: bigint;
}

/** Inclusive on both ends. */
export interface AddressRange {
  readonly min: Address;
  readonly max: Address;
}

/** `address` has no bits outside `mask`; `prefixLen` is null where the mask is not a prefix. */
export interface AddressMask {
  readonly address: Address;
  readonly mask: Address;
  readonly prefixLen: number | null;
}

/** `eth+` is {name: 'eth', wildcard: true}; `+` alone has the empty name and means any. */
export interface InterfaceName {
  readonly name: string;
  readonly wildcard: boolean;
}

/** Matches: (x & mask) == value; targets: (x & ~mask) ^ value. 32 bits unless said otherwise. */
export interface MaskedValue {
  readonly value: number;
  readonly mask: number;
}

/** `amount` events in `unitSec` seconds, as written (10/minute is {amount: 10, unitSec: 60}). */
export interface Rate {
  readonly amount: number;
  readonly unitSec: number;
}

export type AddressMatch = AddressMask & Invertible;
export type InterfaceMatch = InterfaceName & Invertible;
export type PortMatch = NumberRange & Invertible;
export type RangeMatch = NumberRange & Invertible;
export type AddressRangeMatch = AddressRange & Invertible;
