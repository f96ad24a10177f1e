/**
 * A step map: a piecewise constant function from 0 … domain - 1 to the number of its step. A bit
 * per value says where steps begin; the step of a value is the number of set bits up to it, less
 * one.
 *
 *     value     0  1  2  3  4  5  6  7          block, one per 64 values, 16 bytes:
 *     begins    1  0  0  1  1  0  0  0            u64 bits │ u32 set bits before │ unused
 *     step      0  0  0  1  2  2  2  2
 *
 * Value 0 always begins step 0. A map over 65,536 ports is 16 KiB, whatever the rules.
 */
import { bit, lowestBit, rankThrough } from './bits';

const BLOCK_SHIFT: u32 = 4;

/** Bytes of a map over `domain` values. Zeroed memory is a map without steps: begin step 0. */
@inline
export function stepMapBytes(domain: u32): usize {
  return <usize>((domain + 63) >> 6) << BLOCK_SHIFT;
}

@inline
function blockOf(map: usize, value: u32): usize {
  return map + (<usize>(value >> 6) << BLOCK_SHIFT);
}

/** Lets a step begin at `value`. Call sealStepMap when all are in. */
@inline
export function beginStep(map: usize, value: u32): void {
  const block = blockOf(map, value);
  store<u64>(block, load<u64>(block) | bit(value & 63));
}

/** Numbers the steps; returns how many there are. */
export function sealStepMap(map: usize, domain: u32): u32 {
  let before: u32 = 0;
  for (let value: u32 = 0; value < domain; value += 64) {
    const block = blockOf(map, value);
    store<u32>(block, before, 8);
    before += <u32>popcnt<u64>(load<u64>(block));
  }
  return before;
}

/** The step that `value` lies on; `value` must be below the domain. */
@inline
export function stepOf(map: usize, value: u32): u32 {
  const block = blockOf(map, value);
  return load<u32>(block, 8) + rankThrough(load<u64>(block), value & 63) - 1;
}

/** First value from `from` on at which a step begins, or `domain`. */
export function nextStep(map: usize, domain: u32, from: u32): u32 {
  let value = from;
  while (value < domain) {
    const word = load<u64>(blockOf(map, value)) >> (value & 63);
    if (word != 0) return value + lowestBit(word);
    value = (value | 63) + 1;
  }
  return domain;
}
