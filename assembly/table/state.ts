/**
 * State of stateful matches: one area per worker, zeroed when a replay begins. A rule set whose
 * matches share state across connections runs on one worker, so its area is the only one that
 * counts.
 */
import { allocate } from '../memory';

/** Jiffies per second of the kernel that the project is tested against (CONFIG_HZ). */
export const HZ: u64 = 250;
const NANOS_PER_JIFFY: u64 = 1_000_000_000 / HZ;

let area: usize = 0;

/** Begins anew with `bytes` of state. False: out of memory. */
export function attachState(bytes: u32): bool {
  area = allocate(<usize>bytes + 8);
  return area != 0;
}

/** The state at a match's offset. */
@inline
export function stateAt(offset: u32): usize {
  return area + offset;
}

/**
 * The kernel's jiffies at a capture time. Where in a jiffy the real clock stood is not in a
 * capture: here one begins at every multiple of 4 ms.
 */
@inline
export function jiffies(tsNanos: u64): u64 {
  return tsNanos / NANOS_PER_JIFFY;
}
