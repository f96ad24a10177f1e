/**
 * One chain's table: its rules ready for the walk, and rows for the conditions that tables decide.
 */
import {
  DIM_COUNT,
  DIM_CT,
  DIM_DST,
  DIM_DST_TYPE,
  DIM_SRC_TYPE,
  MATCH_ADDRESSES,
  MATCH_RANGES,
  TARGET_GOTO,
  TARGET_JUMP,
} from '../abi-rules';
import { Chain } from '../image';
import { reserve } from '../lookup/arena';
import { beginBoxes, beginRule, cutDown, joinProtocolAndPort } from './box';
import { buildCutTrees, longestLeaf } from './build-cut-tree';
import { firstClass, hasValue, lastClass } from './class-interval';
import { boxRule } from './cut-tree';
import { fieldMaskOf, fieldOf } from './dimension';
import { blobAt, ruleAt } from './image-rules';
import {
  ChainDim,
  ChainTable,
  Classifier,
  CompiledRule,
  CutTrees,
  Family,
  STRUCTURE_CUTS,
  STRUCTURE_SCAN,
} from './layout';
import { endsChain, holdsForRegular, isStateful, staticDim, verdictOf } from './plan';
import {
  ADDRESS_RANGE_BYTES,
  matchCount,
  matchItems,
  matchKind,
  nextMatch,
  RANGE_BYTES,
  targetKind,
  targetPayload,
} from './record';
import { beginRows, constrain, finishRows, holdsFor, holdsUsually } from './row';
import { SCRATCH_CONDITIONS, SCRATCH_RESIDUALS, scratch } from './scratch';
import {
  CUTS_LONGEST_LEAF,
  CUTS_MIN,
  chooseStructure,
  FEW_COPIES_LONGEST_LEAF,
} from './structure';

/** Copies of a box in cut trees: the fewer, the more of the trees fits into the cache. */
const FEW_COPIES: u32 = 2;
/** Boxes that overlap much would be in long leaves without. */
const MANY_COPIES: u32 = 8;
const CONDITION_BYTES: usize = 8; // u32 rule, u32 match

let conditions: usize = 0; // of the chain at hand, in the order of its rules
let conditionCount: u32 = 0;
let chainDims: u32 = 0; // dimensions that a condition names

/** Fills `out`; `written`: dimensions that the chain's netfilter table writes. False: no memory. */
export function buildChain(
  out: ChainTable,
  chain: Chain,
  family: Family,
  written: u32,
  chainTables: usize,
): bool {
  out.ruleCount = chain.ruleCount;
  out.firstCounter = chain.firstRule;
  out.policy = chain.policy;
  out.policyCounter = chain.policyCounter;
  out.policyCounts = chain.policyCounts;
  out.groups = (chain.ruleCount + 4095) >> 12;
  out.rules = <u32>reserve(<usize>chain.ruleCount * offsetof<CompiledRule>() + 8);
  if (out.rules == 0) return false;
  conditionCount = 0;
  chainDims = 0;
  for (let i: u32 = 0; i < chain.ruleCount; i++) {
    if (!planRule(ruleOf(out, i), i, chain.firstRule + i, written)) return false;
    linkTarget(ruleOf(out, i), chain.firstRule + i, chainTables);
  }
  // chains with too many dimensions, too many pieces or all too wide ones fall through to the bits
  if (isCuttable(out) && fillBoxes(out, family, chain.family)) {
    if (!cut(out, FEW_COPIES)) return false;
    if (longestLeaf() > FEW_COPIES_LONGEST_LEAF && !cut(out, MANY_COPIES)) return false;
    if (longestLeaf() <= CUTS_LONGEST_LEAF) {
      out.structure = STRUCTURE_CUTS;
      return true;
    }
    out.cuts = 0;
  }
  out.structure = chooseStructure(chain.ruleCount, <u32>popcnt<u32>(chainDims));
  return out.structure == STRUCTURE_SCAN || buildDims(out, family);
}

/** Makes trees of the boxes. False: out of memory. */
function cut(out: ChainTable, copies: u32): bool {
  out.cuts = <u32>reserve(offsetof<CutTrees>());
  return out.cuts != 0 && buildCutTrees(changetype<CutTrees>(<usize>out.cuts), copies);
}

/** Whether the first rule that matches decides, and the table alone knows which that is. */
function isCuttable(table: ChainTable): bool {
  if (table.ruleCount < CUTS_MIN || chainDims == 0) return false;
  for (let i: u32 = 0; i < table.ruleCount; i++) {
    const rule = ruleOf(table, i);
    if (rule.residualCount != 0 || !endsChain(rule.target)) return false;
  }
  return true;
}

/** The boxes of all rules. False: they do not fit, or memory ran out. */
function fillBoxes(table: ChainTable, family: Family, familyCode: u32): bool {
  if (!beginBoxes(chainDims, family, familyCode)) return false;
  let i: u32 = 0;
  for (let rule: u32 = 0; rule < table.ruleCount; rule++) {
    if (!beginRule(boxRule(rule, ruleOf(table, rule).verdict))) return false;
    for (; i < conditionCount; i++) {
      const entry = conditions + <usize>i * CONDITION_BYTES;
      if (load<u32>(entry) != rule) break;
      const match = <usize>load<u32>(entry, 4);
      if (!cutDown(match, <u32>staticDim(match))) return false;
    }
  }
  joinProtocolAndPort(chainDims);
  return true;
}

@inline
function ruleOf(table: ChainTable, index: u32): CompiledRule {
  return changetype<CompiledRule>(<usize>table.rules + <usize>index * offsetof<CompiledRule>());
}

/** Splits a rule's matches into conditions for the table and residuals. */
function planRule(out: CompiledRule, index: u32, counter: u32, written: u32): bool {
  const rule = ruleAt(counter);
  out.matches = <u32>blobAt(rule.matches);
  out.matchCount = rule.matchCount;
  const residuals = scratch(SCRATCH_RESIDUALS, <usize>rule.matchCount * 4);
  if (residuals == 0) return false;
  let match = blobAt(rule.matches);
  let taken = written; // dimensions that are no longer free for a condition
  let stateful = false;
  let count: u32 = 0;
  for (let m: u32 = 0; m < <u32>rule.matchCount; m++) {
    const dim = staticDim(match);
    if (dim >= 0 && !stateful && !(taken & (1 << dim))) {
      taken |= 1 << dim;
      if (!addCondition(index, match, dim)) return false;
    } else if (!holdsForRegular(match)) {
      store<u32>(residuals + (<usize>count << 2), <u32>match);
      count++;
      if (isStateful(match)) stateful = true;
    }
    match = nextMatch(match);
  }
  out.residualCount = <u16>count;
  if (count == 0) return true;
  const kept = reserve(<usize>count << 2);
  if (kept == 0) return false;
  memory.copy(kept, residuals, <usize>count << 2);
  out.residuals = <u32>kept;
  return true;
}

function addCondition(rule: u32, match: usize, dim: i32): bool {
  const bytes = <usize>conditionCount * CONDITION_BYTES;
  conditions = scratch(SCRATCH_CONDITIONS, bytes + CONDITION_BYTES, bytes);
  if (conditions == 0) return false;
  store<u32>(conditions + bytes, rule);
  store<u32>(conditions + bytes, <u32>match, 4);
  conditionCount++;
  chainDims |= 1 << dim;
  return true;
}

function linkTarget(out: CompiledRule, counter: u32, chainTables: usize): void {
  const target = blobAt(ruleAt(counter).target);
  const kind = targetKind(target);
  const payload = targetPayload(target);
  out.target = <u16>kind;
  out.verdict = <u16>verdictOf(kind);
  out.args = <u32>payload;
  if (kind != TARGET_JUMP && kind != TARGET_GOTO) return;
  out.args = <u32>(chainTables + <usize>load<u32>(payload) * offsetof<ChainTable>());
}

/** Position in the order in which a walk asks the dimensions: those that need a look-up last. */
function costOf(dim: u32): u32 {
  if (dim == DIM_SRC_TYPE || dim == DIM_DST_TYPE) return 2;
  return <i32>dim <= DIM_DST || dim == DIM_CT ? 1 : 0;
}

function buildDims(out: ChainTable, family: Family): bool {
  out.dimCount = <u32>popcnt<u32>(chainDims);
  out.dims = <u32>reserve(<usize>out.dimCount * offsetof<ChainDim>());
  if (out.dims == 0) return false;
  let at: usize = out.dims;
  for (let cost: u32 = 0; cost < 3; cost++) {
    for (let dim: u32 = 0; <i32>dim < DIM_COUNT; dim++) {
      if (!(chainDims & (1 << dim)) || costOf(dim) != cost) continue;
      const classifier = <usize>family.classifiers + <usize>dim * offsetof<Classifier>();
      const chainDim = changetype<ChainDim>(at);
      chainDim.dim = dim;
      chainDim.field = fieldOf(dim);
      chainDim.fieldMask = fieldMaskOf(dim);
      if (!buildDim(chainDim, out, changetype<Classifier>(classifier))) return false;
      at += offsetof<ChainDim>();
    }
  }
  return true;
}

function buildDim(out: ChainDim, table: ChainTable, classifier: Classifier): bool {
  if (!beginRows(table.ruleCount, classifier.classes)) return false;
  for (let i: u32 = 0; i < conditionCount; i++) {
    const entry = conditions + <usize>i * CONDITION_BYTES;
    const match = <usize>load<u32>(entry, 4);
    if (<u32>staticDim(match) != out.dim) continue;
    if (!addIntervals(load<u32>(entry), match, out.dim, classifier)) return false;
  }
  return finishRows(out, table.structure);
}

/** Adds the class intervals for which a rule's condition holds. */
function addIntervals(rule: u32, match: usize, dim: u32, classifier: Classifier): bool {
  constrain(rule);
  const kind = matchKind(match);
  let covered: u32 = 0;
  if (kind == MATCH_RANGES || kind == MATCH_ADDRESSES) {
    let item = matchItems(match);
    for (let i: u32 = 0; i < matchCount(match); i++) {
      const first = firstClass(item, dim, classifier);
      const last = lastClass(item, dim, classifier);
      if (!holdsFor(rule, first, last)) return false;
      covered += last - first + 1;
      item += kind == MATCH_RANGES ? RANGE_BYTES : ADDRESS_RANGE_BYTES;
    }
  } else {
    let value: u32 = 0;
    while (value < classifier.classes) {
      const first = value;
      while (value < classifier.classes && hasValue(match, value)) value++;
      if (value > first && !holdsFor(rule, first, value - 1)) return false;
      covered += value - first;
      if (value == first) value++;
    }
  }
  if (covered > classifier.classes / 2) holdsUsually(rule);
  return true;
}
