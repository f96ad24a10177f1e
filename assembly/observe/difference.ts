/** The first sightings that contradict a prediction, for the report: bounded, in frame order. */
import { DIFFERENCE_MAX, DIFFERENCE_SIZE } from '../abi';
import { allocate } from '../memory';

let list: usize = 0;
let count: u32 = 0;

export function attachDifferences(): bool {
  list = allocate(DIFFERENCE_MAX * DIFFERENCE_SIZE);
  count = 0;
  return list != 0;
}

export function noteDifference(
  frame: u64,
  injected: u64,
  what: u32,
  seenOn: u32,
  predicted: u32,
): void {
  if (count == DIFFERENCE_MAX) return; // frames come in order: these are the lowest
  const at = differenceAt(count++);
  store<u64>(at, frame);
  store<u64>(at, injected, 8);
  store<u32>(at, what, 16);
  store<u16>(at, <u16>seenOn, 20);
  store<u16>(at, <u16>predicted, 22);
}

export function differenceCount(): u32 {
  return count;
}

export function differenceAt(index: u32): usize {
  return list + <usize>index * DIFFERENCE_SIZE;
}
