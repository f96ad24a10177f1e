/** This worker's statistics: u64 per STAT_*. */
import { STAT_COUNT } from './abi';
import { allocate } from './memory';

let stats: usize = 0;

/** False when memory runs out. */
export function attachStats(): bool {
  stats = allocate(STAT_COUNT * 8);
  return stats != 0;
}

export function statsPtr(): usize {
  return stats;
}

@inline
export function countBy(stat: u32, by: u64): void {
  const at = stats + <usize>stat * 8;
  store<u64>(at, load<u64>(at) + by);
}

@inline
export function count(stat: u32): void {
  countBy(stat, 1);
}
