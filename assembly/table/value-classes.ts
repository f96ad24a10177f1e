/**
 * Value classes: values of a small dimension that no rule of the family tells apart have the same
 * class. Packets of a connection that differ in such values only (PSH+ACK and ACK, say) have the
 * same volatile key.
 *
 * Begins with one class and splits it by every condition in turn. With conditions {2, 16} and {16,
 * 24}:
 *
 *     value     0  2 16 24      value     0  2 16 24      value     0  2 16 24
 *     class     0  0  0  0  ->  class     0  1  1  0  ->  class     0  1  2  3
 */
import { SECTION_RULE } from '../abi';
import { MATCH_VALUES } from '../abi-rules';
import { sectionCount } from '../host';
import { reserve } from '../lookup/arena';
import { blobAt, isRuleOf, ruleAt } from './image-rules';
import { matchCount, matchDim, matchItems, matchKind, nextMatch } from './record';

/** Values of the widest dimension that has classes. */
export const CLASSED_VALUES: u32 = 256;
const NO_CLASS: u32 = CLASSED_VALUES;

let splits: usize = 0; // u16 per class: the class of its values in the condition, or NO_CLASS

/**
 * Address of the classes of `values` (at most CLASSED_VALUES) values of dimension `dim`, a byte
 * each; 0 when memory runs out. Their number is in classCount().
 */
export function buildValueClasses(familyCode: u32, dim: u32, values: u32): usize {
  const classes = reserve(CLASSED_VALUES);
  if (splits == 0) splits = reserve((CLASSED_VALUES + 1) * 2);
  if (classes == 0 || splits == 0) return 0;
  classTotal = 1;
  for (let i: u32 = 0; i < sectionCount(SECTION_RULE); i++) {
    const rule = ruleAt(i);
    if (!isRuleOf(rule, familyCode)) continue;
    let match = blobAt(rule.matches);
    for (let m: u32 = 0; m < <u32>rule.matchCount; m++) {
      if (matchKind(match) == MATCH_VALUES && matchDim(match) == dim) split(classes, match, values);
      match = nextMatch(match);
    }
  }
  return classes;
}

let classTotal: u32 = 1;

/** Number of classes that buildValueClasses() found last. */
export function classCount(): u32 {
  return classTotal;
}

/** Splits the classes that a condition holds for in part. */
function split(classes: usize, match: usize, values: u32): void {
  const words = matchItems(match);
  const held = min<u32>(values, matchCount(match) * 64);
  const before = classTotal;
  for (let c: u32 = 0; c < before; c++) store<u16>(splits + <usize>c * 2, <u16>NO_CLASS);
  // a class all of whose values are in the condition keeps its number
  for (let v: u32 = 0; v < values; v++) {
    if (!isIn(words, held, v)) store<u16>(splits + <usize>load<u8>(classes + v) * 2, 0);
  }
  for (let v: u32 = 0; v < held; v++) {
    if (!isIn(words, held, v)) continue;
    const at = splits + <usize>load<u8>(classes + v) * 2;
    let to: u32 = load<u16>(at);
    if (to == NO_CLASS) continue;
    if (to == 0) {
      to = classTotal++;
      store<u16>(at, <u16>to);
    }
    store<u8>(classes + v, <u8>to);
  }
}

@inline
function isIn(words: usize, held: u32, value: u32): bool {
  if (value >= held) return false;
  const word = load<u64>(words + (<usize>(value >> 6) << 3));
  return (word & (1 << <u64>(value & 63))) != 0;
}
