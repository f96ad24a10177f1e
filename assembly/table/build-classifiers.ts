/**
 * Classifiers: what all rules of a family say about a dimension cuts its values into classes that
 * no rule can tell apart. Addresses and 16-bit values are cut at the ends of the rules' ranges; in
 * small dimensions every value is a class of its own.
 */
import { SECTION_RULE } from '../abi';
import {
  DIM_COUNT,
  DIM_CT,
  DIM_PKTTYPE,
  DIM_TCP_FLAGS,
  DIM_TOS,
  FIRST_SMALL_DIM,
  MATCH_ADDRESSES,
  MATCH_CONNMARK,
  MATCH_RANGES,
  MATCH_VALUES,
  TARGET_CONNMARK,
} from '../abi-rules';
import { sectionCount } from '../host';
import { reserve } from '../lookup/arena';
import { buildIntervalTrie } from '../lookup/interval-trie';
import { KEY_BYTES, sortKeys } from '../lookup/key';
import { beginStep, sealStepMap, stepMapBytes } from '../lookup/step-map';
import { dimensionValues, isAddressDim } from './dimension';
import { blobAt, isRuleOf, ruleAt } from './image-rules';
import {
  CLASSIFIER_IDENTITY,
  CLASSIFIER_STEPS,
  CLASSIFIER_TRIE,
  Classifier,
  Family,
  RESIDUAL_CONNMARK,
} from './layout';
import {
  ADDRESS_RANGE_BYTES,
  matchCount,
  matchDim,
  matchItems,
  matchKind,
  nextMatch,
  RANGE_BYTES,
  targetKind,
} from './record';
import { SCRATCH_KEYS, SCRATCH_SORT, scratch } from './scratch';
import { buildValueClasses, classCount } from './value-classes';

/**
 * Small dimensions of which packets of one connection have many values that few rules tell apart.
 */
const CLASSED_DIMS: u32 =
  (1 << DIM_CT) | (1 << DIM_TCP_FLAGS) | (1 << DIM_TOS) | (1 << DIM_PKTTYPE);

let keys: usize = 0; // boundaries of the address dimension at hand
let keyCount: u32 = 0;

/** Family record for FAMILY_V4 or FAMILY_V6; 0 when memory runs out. */
export function buildClassifiers(familyCode: u32): usize {
  const family = changetype<Family>(reserve(offsetof<Family>()));
  const classifiers = reserve(<usize>DIM_COUNT * offsetof<Classifier>());
  if (changetype<usize>(family) == 0 || classifiers == 0) return 0;
  family.classifiers = <u32>classifiers;
  for (let dim: u32 = 0; <i32>dim < DIM_COUNT; dim++) {
    const out = changetype<Classifier>(classifiers + <usize>dim * offsetof<Classifier>());
    if (!buildClassifier(out, familyCode, dim)) return 0;
  }
  noteUse(family, familyCode);
  return addValueClasses(family, familyCode) ? changetype<usize>(family) : 0;
}

function addValueClasses(family: Family, familyCode: u32): bool {
  for (let dims = family.usedDims & CLASSED_DIMS; dims != 0; dims &= dims - 1) {
    const dim = <u32>ctz<u32>(dims);
    const at = <usize>family.classifiers + <usize>dim * offsetof<Classifier>();
    const classifier = changetype<Classifier>(at);
    classifier.alike = <u32>buildValueClasses(familyCode, dim, dimensionValues(dim));
    classifier.alikeClasses = classCount();
    if (classifier.alike == 0) return false;
  }
  return true;
}

function buildClassifier(out: Classifier, familyCode: u32, dim: u32): bool {
  if (<i32>dim >= FIRST_SMALL_DIM) {
    out.kind = CLASSIFIER_IDENTITY;
    out.classes = dimensionValues(dim);
    return true;
  }
  if (isAddressDim(dim)) {
    keyCount = 0;
    if (!addKey(0, 0)) return false;
  } else {
    out.map = <u32>reserve(stepMapBytes(dimensionValues(dim)));
    if (out.map == 0) return false;
    beginStep(out.map, 0);
  }
  for (let i: u32 = 0; i < sectionCount(SECTION_RULE); i++) {
    const rule = ruleAt(i);
    if (!isRuleOf(rule, familyCode)) continue;
    let match = blobAt(rule.matches);
    for (let m: u32 = 0; m < <u32>rule.matchCount; m++) {
      if (matchDim(match) == dim && !addBoundaries(out.map, match)) return false;
      match = nextMatch(match);
    }
  }
  if (isAddressDim(dim)) return finishTrie(out);
  out.kind = CLASSIFIER_STEPS;
  out.classes = sealStepMap(out.map, dimensionValues(dim));
  return true;
}

function finishTrie(out: Classifier): bool {
  const sorting = scratch(SCRATCH_SORT, <usize>keyCount * KEY_BYTES);
  if (sorting == 0) return false;
  const classes = sortKeys(keys, keyCount, sorting);
  out.kind = CLASSIFIER_TRIE;
  out.classes = classes;
  out.map = <u32>buildIntervalTrie(keys, classes);
  return out.map != 0;
}

/** Cuts the dimension where the ranges of a match begin and behind their ends. */
function addBoundaries(map: usize, match: usize): bool {
  const kind = matchKind(match);
  if (kind != MATCH_RANGES && kind != MATCH_ADDRESSES) return true;
  let item = matchItems(match);
  for (let i: u32 = 0; i < matchCount(match); i++) {
    if (kind == MATCH_RANGES) {
      beginStep(map, load<u16>(item));
      const last: u32 = load<u16>(item, 2);
      if (last < 0xffff) beginStep(map, last + 1);
      item += RANGE_BYTES;
    } else {
      if (!addKey(load<u64>(item), load<u64>(item, 8))) return false;
      const low = load<u64>(item, 24) + 1;
      const high = load<u64>(item, 16) + <u64>(low == 0);
      if ((high | low) != 0 && !addKey(high, low)) return false;
      item += ADDRESS_RANGE_BYTES;
    }
  }
  return true;
}

function addKey(high: u64, low: u64): bool {
  const bytes = <usize>keyCount * KEY_BYTES;
  keys = scratch(SCRATCH_KEYS, bytes + KEY_BYTES, bytes);
  if (keys == 0) return false;
  store<u64>(keys + bytes, high);
  store<u64>(keys + bytes, low, 8);
  keyCount++;
  return true;
}

/** Notes which dimensions and which marks the family's rules look at. */
function noteUse(family: Family, familyCode: u32): void {
  for (let i: u32 = 0; i < sectionCount(SECTION_RULE); i++) {
    const rule = ruleAt(i);
    if (!isRuleOf(rule, familyCode)) continue;
    let match = blobAt(rule.matches);
    for (let m: u32 = 0; m < <u32>rule.matchCount; m++) {
      const kind = matchKind(match);
      if (kind == MATCH_VALUES || kind == MATCH_RANGES || kind == MATCH_ADDRESSES) {
        family.usedDims |= 1 << matchDim(match);
      }
      if (kind == MATCH_CONNMARK) family.residualUse |= RESIDUAL_CONNMARK;
      match = nextMatch(match);
    }
    if (targetKind(blobAt(rule.target)) == TARGET_CONNMARK) family.residualUse |= RESIDUAL_CONNMARK;
  }
}
