/** The classes for which an item of a condition holds, from the first to the last. */
import { IntervalTrie, intervalOf } from '../lookup/interval-trie';
import { stepOf } from '../lookup/step-map';
import { isAddressDim } from './dimension';
import { Classifier } from './layout';
import { matchCount, matchItems } from './record';

export function firstClass(item: usize, dim: u32, classifier: Classifier): u32 {
  if (!isAddressDim(dim)) return stepOf(classifier.map, load<u16>(item));
  const trie = changetype<IntervalTrie>(<usize>classifier.map);
  return intervalOf(trie, load<u64>(item), load<u64>(item, 8));
}

export function lastClass(item: usize, dim: u32, classifier: Classifier): u32 {
  if (!isAddressDim(dim)) return stepOf(classifier.map, load<u16>(item, 2));
  const trie = changetype<IntervalTrie>(<usize>classifier.map);
  return intervalOf(trie, load<u64>(item, 16), load<u64>(item, 24));
}

/** Whether `value` is in the set of a MATCH_VALUES. */
export function hasValue(match: usize, value: u32): bool {
  if (value >> 6 >= matchCount(match)) return false;
  const word = load<u64>(matchItems(match) + (<usize>(value >> 6) << 3));
  return ((word >> (value & 63)) & 1) != 0;
}
