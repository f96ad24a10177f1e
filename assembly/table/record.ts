/** Accessors for the match and target records of the image; layouts are in abi-rules.ts. */
import { MATCH_HEADER_BYTES, TARGET_HEADER_BYTES } from '../abi-rules';

@inline
export function matchKind(match: usize): u32 {
  return load<u16>(match);
}

@inline
export function matchDim(match: usize): u32 {
  return load<u8>(match, 2);
}

@inline
export function matchFlags(match: usize): u32 {
  return load<u8>(match, 3);
}

@inline
export function matchPayload(match: usize): usize {
  return match + MATCH_HEADER_BYTES;
}

/** The record behind this one. */
@inline
export function nextMatch(match: usize): usize {
  return match + load<u32>(match, 4);
}

@inline
export function targetKind(target: usize): u32 {
  return load<u16>(target);
}

@inline
export function targetPayload(target: usize): usize {
  return target + TARGET_HEADER_BYTES;
}

/** Number of words (MATCH_VALUES) or ranges (MATCH_RANGES, MATCH_ADDRESSES) of a match. */
@inline
export function matchCount(match: usize): u32 {
  return load<u32>(match, MATCH_HEADER_BYTES);
}

/** Address of the first word or range. */
@inline
export function matchItems(match: usize): usize {
  return match + MATCH_HEADER_BYTES + 8;
}

export const ADDRESS_RANGE_BYTES: usize = 32;
export const RANGE_BYTES: usize = 4;
