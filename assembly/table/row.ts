/**
 * Rows: for one dimension of one chain and one class, a bit per rule that says whether the rule's
 * condition on that dimension holds. A rule without a condition on it has its bit set in every row.
 *
 * Most rows are the *usual* row (what all classes have that no rule names) but for a few bits, so a
 * row stores only the words in which it differs; memory stays proportional to the rules.
 *
 *     word      u64                                          up to 64 rules
 *     RowNode   u64 filled │ u64 differs │ u64 words …       up to 64 words
 *     group     u64 filled │ u64 differs │ u32 RowNodes …    up to 64 RowNodes
 *
 * `filled`: the words (RowNodes) that are not empty; `differs`: those that are stored here, in
 * order; all others are the usual row's, which is kept dense beside the rows.
 *
 * Rows are made by a sweep over the classes: conditions are intervals of classes, so going from one
 * class to the next toggles the bits of the rules whose intervals begin or end there.
 */
import { bit, lowestBit, rankBelow } from '../lookup/bits';
import { reserve } from '../lookup/arena';
import { beginStep, sealStepMap, stepMapBytes } from '../lookup/step-map';
import { ChainDim, STRUCTURE_GROUPS, STRUCTURE_WORD } from './layout';
import {
  cleanScratch,
  SCRATCH_DIFFERS,
  SCRATCH_EVENTS,
  SCRATCH_FILLED,
  SCRATCH_HEADS,
  SCRATCH_ROW,
  SCRATCH_USUAL,
  scratch,
} from './scratch';

const EVENT_BYTES: usize = 8; // u32 rule, u32 next event + 1

@unmanaged
export class RowNode {
  filled: u64;
  differs: u64;
}
const ROW_ITEMS: usize = 16;

// The sweep at hand.
let rules: u32 = 0;
let words: u32 = 0; // u64 per row
let classes: u32 = 0;
let row: usize = 0; // u64 × words: the row of the class that the sweep is at
let usual: usize = 0;
let differs: usize = 0; // bit per word: it is not the usual one
let filled: usize = 0; // bit per word: it is not 0
let heads: usize = 0; // u32 per class: first event + 1
let events: usize = 0;
let eventCount: u32 = 0;

/** Begins the rows of a dimension with `classCount` classes for a chain. False: out of memory. */
export function beginRows(ruleCount: u32, classCount: u32): bool {
  rules = ruleCount;
  words = (ruleCount + 63) >> 6;
  classes = classCount;
  eventCount = 0;
  const groups = <usize>((words + 63) >> 6);
  row = cleanScratch(SCRATCH_ROW, <usize>words * 8);
  usual = cleanScratch(SCRATCH_USUAL, <usize>words * 8);
  differs = cleanScratch(SCRATCH_DIFFERS, groups * 8);
  filled = cleanScratch(SCRATCH_FILLED, groups * 8);
  heads = cleanScratch(SCRATCH_HEADS, <usize>(classCount + 1) * 4);
  for (let rule: u32 = 0; rule < ruleCount; rule++) {
    flip(row, rule);
    flip(usual, rule);
  }
  return row != 0 && usual != 0 && differs != 0 && filled != 0 && heads != 0;
}

@inline
function flip(bits: usize, index: u32): void {
  const at = bits + (<usize>(index >> 6) << 3);
  store<u64>(at, load<u64>(at) ^ bit(index & 63));
}

/** The rule has a condition: its bit is not set unless an interval says so. */
export function constrain(rule: u32): void {
  flip(row, rule);
  flip(usual, rule);
}

/** The rule's condition holds for most classes: its bit is set in the usual row. */
export function holdsUsually(rule: u32): void {
  flip(usual, rule);
}

/** The rule's condition holds for the classes `first` to `last`. False: out of memory. */
export function holdsFor(rule: u32, first: u32, last: u32): bool {
  const bytes = <usize>eventCount * EVENT_BYTES;
  events = scratch(SCRATCH_EVENTS, bytes + EVENT_BYTES * 2, bytes);
  if (events == 0) return false;
  addEvent(first, rule);
  addEvent(last + 1, rule);
  return true;
}

function addEvent(atClass: u32, rule: u32): void {
  if (atClass >= classes) return;
  const at = events + <usize>eventCount * EVENT_BYTES;
  const head = heads + (<usize>atClass << 2);
  store<u32>(at, rule);
  store<u32>(at, load<u32>(head), 4);
  store<u32>(head, ++eventCount);
}

function toggle(rule: u32): void {
  flip(row, rule);
  note(rule >> 6);
}

/** Brings `differs` and `filled` up to date for one word of the row. */
function note(word: u32): void {
  const value = load<u64>(row + (<usize>word << 3));
  const group = <usize>(word >> 6) << 3;
  const mask = bit(word & 63);
  const isOther = value != load<u64>(usual + (<usize>word << 3));
  const d = load<u64>(differs + group);
  const f = load<u64>(filled + group);
  store<u64>(differs + group, isOther ? d | mask : d & ~mask);
  store<u64>(filled + group, value != 0 ? f | mask : f & ~mask);
}

/** Sweeps over the classes and stores the rows in `out`. False: out of memory. */
export function finishRows(out: ChainDim, structure: u32): bool {
  let count: u32 = 1;
  for (let c: u32 = 1; c < classes; c++) {
    if (load<u32>(heads + (<usize>c << 2)) != 0) count++;
  }
  const rowShift: u32 = structure == STRUCTURE_WORD ? 3 : 2;
  const steps = reserve(stepMapBytes(classes));
  const rows = reserve(<usize>count << rowShift);
  if (steps == 0 || rows == 0 || !storeUsual(out, structure)) return false;
  out.steps = <u32>steps;
  out.rows = <u32>rows;
  for (let word: u32 = 0; word < words; word++) note(word);
  let at = rows;
  for (let c: u32 = 0; c < classes; c++) {
    let event = load<u32>(heads + (<usize>c << 2));
    if (event == 0 && c != 0) continue;
    while (event != 0) {
      const entry = events + <usize>(event - 1) * EVENT_BYTES;
      toggle(load<u32>(entry));
      event = load<u32>(entry, 4);
    }
    beginStep(steps, c);
    if (structure == STRUCTURE_WORD) {
      store<u64>(at, load<u64>(row));
      at += 8;
    } else {
      const node = structure == STRUCTURE_GROUPS ? storeGroups() : storeNode(0);
      if (node == 0) return false;
      store<u32>(at, <u32>node);
      at += 4;
    }
  }
  sealStepMap(steps, classes);
  return true;
}

/**
 * Keeps the usual row, dense, and with STRUCTURE_GROUPS a RowNode without differences per group.
 */
function storeUsual(out: ChainDim, structure: u32): bool {
  if (structure == STRUCTURE_WORD) return true;
  const dense = reserve(<usize>words * 8);
  if (dense == 0) return false;
  memory.copy(dense, usual, <usize>words * 8);
  out.words = <u32>dense;
  if (structure != STRUCTURE_GROUPS) return true;
  const groups = (words + 63) >> 6;
  const nodes = reserve(<usize>groups * ROW_ITEMS);
  if (nodes == 0) return false;
  out.groups = <u32>nodes;
  for (let word: u32 = 0; word < words; word++) {
    if (load<u64>(usual + (<usize>word << 3)) == 0) continue;
    const node = changetype<RowNode>(nodes + <usize>(word >> 6) * ROW_ITEMS);
    node.filled |= bit(word & 63);
  }
  return true;
}

/** The RowNode of one group of the row at hand. */
function storeNode(group: u32): usize {
  let rest = load<u64>(differs + (<usize>group << 3));
  const node = reserve(ROW_ITEMS + ((<usize>popcnt<u64>(rest)) << 3));
  if (node == 0) return 0;
  changetype<RowNode>(node).filled = load<u64>(filled + (<usize>group << 3));
  changetype<RowNode>(node).differs = rest;
  for (let at = node + ROW_ITEMS; rest != 0; rest &= rest - 1) {
    const word = (group << 6) | lowestBit(rest);
    store<u64>(at, load<u64>(row + (<usize>word << 3)));
    at += 8;
  }
  return node;
}

function storeGroups(): usize {
  const groups = (words + 63) >> 6;
  let filledGroups: u64 = 0;
  let otherGroups: u64 = 0;
  for (let group: u32 = 0; group < groups; group++) {
    if (load<u64>(filled + (<usize>group << 3)) != 0) filledGroups |= bit(group);
    if (load<u64>(differs + (<usize>group << 3)) != 0) otherGroups |= bit(group);
  }
  const top = reserve(ROW_ITEMS + ((<usize>popcnt<u64>(otherGroups)) << 2));
  if (top == 0) return 0;
  changetype<RowNode>(top).filled = filledGroups;
  changetype<RowNode>(top).differs = otherGroups;
  let at = top + ROW_ITEMS;
  for (let rest = otherGroups; rest != 0; rest &= rest - 1) {
    const node = storeNode(lowestBit(rest));
    if (node == 0) return 0;
    store<u32>(at, <u32>node);
    at += 4;
  }
  return top;
}

/** Word `word` (0 to 63) of a RowNode; `words` are the usual row's of its group. */
@inline
export function wordOf(node: RowNode, words: usize, word: u32): u64 {
  const differs = node.differs;
  if (((differs >> word) & 1) == 0) return load<u64>(words + (<usize>word << 3));
  const at = changetype<usize>(node) + ROW_ITEMS + (<usize>rankBelow(differs, word) << 3);
  return load<u64>(at);
}

/** RowNode of group `group` (0 to 63) of a row; `usualGroups` are the usual row's. */
@inline
export function groupOf(top: RowNode, usualGroups: usize, group: u32): RowNode {
  const differs = top.differs;
  if (((differs >> group) & 1) == 0) {
    return changetype<RowNode>(usualGroups + <usize>group * ROW_ITEMS);
  }
  const at = changetype<usize>(top) + ROW_ITEMS + (<usize>rankBelow(differs, group) << 2);
  return changetype<RowNode>(<usize>load<u32>(at));
}
