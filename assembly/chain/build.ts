/**
 * Builds, for every chain, the structure that finds its matching rules. The rules of a chain:
 *
 *     CompiledRule  ┌ conditions ┬ condition count ┬ residuals ┬ residual count ┬ target … ┐
 *     Condition     ┌ dimension ┬ run count ┬ {u32 first class, u32 last class} … ┐
 *
 * and one of three ways to the rules whose conditions hold, in order (chooseStructure):
 *
 *   SCAN    few rules: test each.
 *   BITMAP  one bit per rule, one row of words per class of each dimension that the chain tests:
 *           rule 0: dport 80        row(dport=80)   1 0 1      in    row  1 1 1   and: 1 0 1
 *           rule 1: dport 443       row(dport=443)  0 1 1
 *           rule 2: any port        row(other)      0 0 1
 *   LIST    one dimension tells most rules apart: per class of it the list of the rules that name
 *           the class, beside the list of those that leave the dimension open; a handful of
 *           candidates, of which the other conditions are tested. Memory grows with the rules alone.
 */
import { CHAIN_SIZE, FAMILY_V4, RULE_SIZE, SECTION_BLOB, SECTION_CHAIN, SECTION_RULE } from '../abi';
import {
  CT_KEY_COUNT,
  DIM_BRIDGED,
  DIM_COUNT,
  DIM_CT,
  DIM_DST_TYPE,
  DIM_FRAGMENT,
  DIM_IN,
  DIM_L4,
  DIM_OUT,
  DIM_PHYS_IN,
  DIM_PHYS_OUT,
  DIM_PKTTYPE,
  DIM_PROTO,
  DIM_SRC_TYPE,
  DIM_TCP_FLAGS,
  DIM_TOS,
  DIM_TTL,
} from '../abi-match';
import { ifaceCount, sectionCount, sectionPtr } from '../host';
import { Chain, Rule } from '../image';
import { allocate } from '../memory';
import {
  addRange,
  allocateDimensions,
  Dimension,
  dimensionAt,
  finishDimension,
  isAddressDimension,
  keyClass,
  valueClass,
} from './dimension';

export const SCAN: u32 = 0;
export const BITMAP: u32 = 1;
export const LIST: u32 = 2;

const SCAN_MAX: u32 = 3;
const WORD_MAX: u32 = 64; // one word: intersecting is cheaper than testing candidates
const LIST_CANDIDATES: u32 = 12; // average of candidates up to which a list is the better choice
const BITMAP_MAX_BYTES: u64 = 32 << 20;

@unmanaged
export class Tables {
  dimensions: u32;
  chains: u32; // ChainTable array
  rules: u32; // CompiledRule array
  flags: u32;
}

@unmanaged
export class ChainTable {
  structure: u32;
  firstRule: u32;
  ruleCount: u32;
  words: u32; // BITMAP: u64 words of a row
  family: u32;
  dims: u32; // BITMAP: number of DimRows; LIST: the dimension
  rows: u32; // BITMAP: DimRows array
  open: u32; // LIST: rule numbers that leave the dimension open, ascending
  openCount: u32;
  starts: u32; // LIST: u32 per class and one more, into `entries`
  entries: u32; // LIST: rule numbers, ascending per class
  reserved: u32;
}

/** BITMAP: rows of one dimension. */
@unmanaged
export class DimRows {
  dim: u32;
  rowOf: u32; // u32 address of the row of each class
}

@unmanaged
export class CompiledRule {
  conditions: u32;
  conditionCount: u32;
  residuals: u32;
  residualCount: u32;
  target: u32;
  targetKind: u16;
  targetFlags: u16;
  targetArg: u32;
  chain: u32;
}

/** Which structure serves a chain best; `average` is the candidates per packet of its best list. */
export function chooseStructure(rules: u32, average: u32, bitmapBytes: u64): u32 {
  if (rules <= SCAN_MAX) return SCAN;
  if (rules <= WORD_MAX) return BITMAP;
  if (average <= LIST_CANDIDATES || bitmapBytes > BITMAP_MAX_BYTES) return LIST;
  return BITMAP;
}

let tables: Tables = changetype<Tables>(0);

function domainOf(dim: u32): u32 {
  if (dim == DIM_PROTO || dim == DIM_TCP_FLAGS || dim == DIM_TTL || dim == DIM_TOS) return 256;
  if (dim == DIM_IN || dim == DIM_OUT || dim == DIM_PHYS_IN || dim == DIM_PHYS_OUT) {
    return ifaceCount() + 1;
  }
  if (dim == DIM_CT) return CT_KEY_COUNT;
  if (dim == DIM_PKTTYPE || dim == DIM_L4 || dim == DIM_FRAGMENT || dim == DIM_BRIDGED) return 8;
  if (dim == DIM_SRC_TYPE || dim == DIM_DST_TYPE) return 16;
  return 65536;
}

/** Bytes of a condition in the blob. */
export function conditionBytes(at: usize): usize {
  const ranges = <usize>load<u16>(at, 2);
  return 8 + ranges * (isAddressDimension(load<u16>(at)) ? 32 : 4);
}

function cutCondition(at: usize, family: u32): bool {
  const dim = <u32>load<u16>(at);
  if (dim >= <u32>DIM_COUNT) return false;
  const d = dimensionAt(tables.dimensions, family, dim);
  d.domain = domainOf(dim);
  if (d.classes == 0) d.classes = 1;
  const ranges = <u32>load<u16>(at, 2);
  let r = at + 8;
  for (let i: u32 = 0; i < ranges; i++) {
    if (isAddressDimension(dim)) {
      const ok = addRange(
        d,
        bswap<u64>(load<u64>(r)),
        bswap<u64>(load<u64>(r, 8)),
        bswap<u64>(load<u64>(r, 16)),
        bswap<u64>(load<u64>(r, 24)),
      );
      if (!ok) return false;
      r += 32;
    } else {
      if (!addRange(d, 0, load<u16>(r), 0, load<u16>(r, 2))) return false;
      r += 4;
    }
  }
  return true;
}

function classOfLow(d: Dimension, dim: u32, r: usize): u32 {
  if (!isAddressDimension(dim)) return valueClass(d, min<u32>(load<u16>(r), d.domain - 1));
  return keyClass(d, bswap<u64>(load<u64>(r)), bswap<u64>(load<u64>(r, 8)));
}

function classOfHigh(d: Dimension, dim: u32, r: usize): u32 {
  if (!isAddressDimension(dim)) return valueClass(d, min<u32>(load<u16>(r, 2), d.domain - 1));
  return keyClass(d, bswap<u64>(load<u64>(r, 16)), bswap<u64>(load<u64>(r, 24)));
}

/** Writes a condition of the blob as runs of classes to `to`; returns the end of what it wrote. */
export function compileCondition(at: usize, family: u32, to: usize): usize {
  const dim = <u32>load<u16>(at);
  const ranges = <u32>load<u16>(at, 2);
  const d = dimensionAt(tables.dimensions, family, dim);
  store<u32>(to, dim);
  store<u32>(to, ranges, 4);
  let out = to + 8;
  let r = at + 8;
  const width: usize = isAddressDimension(dim) ? 32 : 4;
  for (let i: u32 = 0; i < ranges; i++) {
    store<u32>(out, classOfLow(d, dim, r));
    store<u32>(out, classOfHigh(d, dim, r), 4);
    out += 8;
    r += width;
  }
  return out;
}

@inline
export function compiledBytes(at: usize): usize {
  return 8 + <usize>load<u32>(at, 4) * 8;
}

function familyOf(rule: Rule): u32 {
  const chains = sectionPtr(SECTION_CHAIN);
  return changetype<Chain>(chains + <usize>rule.chain * CHAIN_SIZE).family;
}

function compileRule(rule: Rule, to: CompiledRule): bool {
  const blob = sectionPtr(SECTION_BLOB);
  const family = familyOf(rule);
  let at = blob + rule.matches;
  let bytes: usize = 0;
  for (let i: u32 = 0; i < <u32>rule.matchCount; i++) {
    bytes += 8 + <usize>load<u16>(at, 2) * 8;
    at += conditionBytes(at);
  }
  const compiled = allocateSmall(bytes);
  if (compiled == 0) return false;
  at = blob + rule.matches;
  let out = compiled;
  for (let i: u32 = 0; i < <u32>rule.matchCount; i++) {
    out = compileCondition(at, family, out);
    at += conditionBytes(at);
  }
  to.conditions = <u32>compiled;
  to.conditionCount = rule.matchCount;
  to.residualCount = load<u32>(at);
  to.residuals = <u32>(at + 4);
  const target = blob + rule.target;
  to.target = <u32>(target + 8);
  to.targetKind = load<u16>(target);
  to.targetFlags = load<u16>(target, 2);
  to.targetArg = load<u32>(target, 4);
  to.chain = rule.chain;
  return true;
}

let small: usize = 0;
let smallEnd: usize = 0;

function allocateSmall(bytes: usize): usize {
  const size: usize = bytes == 0 ? 8 : (bytes + 7) & ~7;
  if (size > smallEnd - small) {
    const chunk: usize = size > 65536 ? size : 65536;
    small = allocate(chunk);
    if (small == 0) {
      smallEnd = 0;
      return 0;
    }
    smallEnd = small + chunk;
  }
  const at = small;
  small += size;
  return at;
}

@inline
export function compiledRuleAt(rules: usize, index: u32): CompiledRule {
  return changetype<CompiledRule>(rules + <usize>index * offsetof<CompiledRule>());
}

/** The condition of a rule in a dimension, or 0; the first when there are several. */
function conditionIn(rule: CompiledRule, dim: u32): usize {
  let at = <usize>rule.conditions;
  for (let i: u32 = 0; i < rule.conditionCount; i++) {
    if (load<u32>(at) == dim) return at;
    at += compiledBytes(at);
  }
  return 0;
}

let sizes: usize = 0; // u32 per class: rules that name it
let sizesCapacity: u32 = 0;

/**
 * Candidates that a packet meets if the chain is listed by `dim`: the rules that leave it open and
 * the list of the packet's class, where a class counts as often as rules name it, since that is
 * where packets are aimed at.
 */
function listAverage(t: ChainTable, dim: u32, classes: u32): u64 {
  if (sizesCapacity < classes) {
    sizes = allocate(<usize>classes * 4);
    if (sizes == 0) return u64.MAX_VALUE;
    sizesCapacity = classes;
  }
  memory.fill(sizes, 0, <usize>classes * 4);
  let open: u64 = 0;
  for (let i: u32 = 0; i < t.ruleCount; i++) {
    const at = conditionIn(compiledRuleAt(tables.rules, t.firstRule + i), dim);
    if (at == 0) {
      open++;
      continue;
    }
    for (let k: u32 = 0; k < load<u32>(at, 4); k++) {
      const run = at + 8 + <usize>k * 8;
      for (let c = load<u32>(run); c <= load<u32>(run, 4); c++) {
        const s = sizes + <usize>c * 4;
        store<u32>(s, load<u32>(s) + 1);
      }
    }
  }
  let named: u64 = 0;
  let squares: u64 = 0;
  for (let c: u32 = 0; c < classes; c++) {
    const size = <u64>load<u32>(sizes + <usize>c * 4);
    named += size;
    squares += size * size;
  }
  return open + (named == 0 ? 0 : squares / named);
}

function buildChain(t: ChainTable, chain: Chain): bool {
  t.firstRule = chain.firstRule;
  t.ruleCount = chain.ruleCount;
  t.family = chain.family;
  t.words = (chain.ruleCount + 63) >> 6;
  let best: u32 = 0;
  let bestAverage: u64 = u64.MAX_VALUE;
  let bitmapBytes: u64 = 0;
  if (chain.ruleCount > WORD_MAX) {
    for (let dim: u32 = 0; dim < <u32>DIM_COUNT; dim++) {
      const classes = dimensionAt(tables.dimensions, t.family, dim).classes;
      if (classes == 0) continue;
      bitmapBytes += <u64>classes * t.words * 8;
      const average = listAverage(t, dim, classes);
      if (average < bestAverage) {
        bestAverage = average;
        best = dim;
      }
    }
  }
  const average = bestAverage > 0xffffffff ? 0xffffffff : <u32>bestAverage;
  t.structure = chooseStructure(t.ruleCount, average, bitmapBytes);
  if (t.structure == BITMAP) return buildBitmap(t);
  return t.structure == LIST ? buildList(t, best) : true;
}

function buildBitmap(t: ChainTable): bool {
  t.rows = <u32>allocate(DIM_COUNT * offsetof<DimRows>());
  if (t.rows == 0) return false;
  for (let dim: u32 = 0; dim < <u32>DIM_COUNT; dim++) {
    let used = false;
    for (let i: u32 = 0; i < t.ruleCount && !used; i++) {
      used = conditionIn(compiledRuleAt(tables.rules, t.firstRule + i), dim) != 0;
    }
    if (!used) continue;
    const r = changetype<DimRows>(<usize>t.rows + <usize>(t.dims++) * offsetof<DimRows>());
    r.dim = dim;
    if (!buildRows(t, r)) return false;
  }
  return true;
}

function buildRows(t: ChainTable, r: DimRows): bool {
  const classes = dimensionAt(tables.dimensions, t.family, r.dim).classes;
  const rowBytes = <usize>t.words * 8;
  const rowOf = allocateSmall(<usize>classes * 4);
  const row = allocateSmall(rowBytes);
  if (rowOf == 0 || row == 0) return false;
  r.rowOf = <u32>rowOf;
  let last: usize = 0; // equal neighbours share a row
  for (let c: u32 = 0; c < classes; c++) {
    memory.fill(row, 0, rowBytes);
    for (let i: u32 = 0; i < t.ruleCount; i++) {
      if (!holdsIn(compiledRuleAt(tables.rules, t.firstRule + i), r.dim, c)) continue;
      const word = row + (<usize>(i >> 6) << 3);
      store<u64>(word, load<u64>(word) | (<u64>1 << (i & 63)));
    }
    if (last == 0 || memory.compare(last, row, rowBytes) != 0) {
      last = allocateSmall(rowBytes);
      if (last == 0) return false;
      memory.copy(last, row, rowBytes);
    }
    store<u32>(rowOf + <usize>c * 4, <u32>last);
  }
  return true;
}

/** Whether class `c` satisfies all of a rule's conditions in a dimension. */
function holdsIn(rule: CompiledRule, dim: u32, c: u32): bool {
  let at = <usize>rule.conditions;
  for (let i: u32 = 0; i < rule.conditionCount; i++) {
    if (load<u32>(at) == dim && !conditionHolds(at, c)) return false;
    at += compiledBytes(at);
  }
  return true;
}

/** Whether class `c` lies in one of a compiled condition's runs. */
@inline
export function conditionHolds(at: usize, c: u32): bool {
  const runs = load<u32>(at, 4);
  let run = at + 8;
  for (let k: u32 = 0; k < runs; k++) {
    if (c >= load<u32>(run) && c <= load<u32>(run, 4)) return true;
    run += 8;
  }
  return false;
}

function buildList(t: ChainTable, dim: u32): bool {
  const classes = dimensionAt(tables.dimensions, t.family, dim).classes;
  t.dims = dim;
  t.starts = <u32>allocate(<usize>(classes + 2) * 4);
  t.open = <u32>allocate(<usize>t.ruleCount * 4);
  if (t.starts == 0 || t.open == 0) return false;
  // counts, then offsets, then entries: starts[c + 1] serves as the cursor of class c
  const starts = <usize>t.starts;
  for (let i: u32 = 0; i < t.ruleCount; i++) {
    const at = conditionIn(compiledRuleAt(tables.rules, t.firstRule + i), dim);
    if (at == 0) {
      store<u32>(<usize>t.open + <usize>(t.openCount++) * 4, i);
      continue;
    }
    for (let k: u32 = 0; k < load<u32>(at, 4); k++) {
      const run = at + 8 + <usize>k * 8;
      for (let c = load<u32>(run); c <= load<u32>(run, 4); c++) {
        const s = starts + <usize>(c + 2) * 4;
        store<u32>(s, load<u32>(s) + 1);
      }
    }
  }
  for (let c: u32 = 1; c < classes + 2; c++) {
    const s = starts + <usize>c * 4;
    store<u32>(s, load<u32>(s) + load<u32>(s - 4));
  }
  const total = load<u32>(starts + <usize>(classes + 1) * 4);
  t.entries = <u32>allocate(<usize>total * 4 + 4);
  if (t.entries == 0) return false;
  for (let i: u32 = 0; i < t.ruleCount; i++) {
    const at = conditionIn(compiledRuleAt(tables.rules, t.firstRule + i), dim);
    if (at == 0) continue;
    for (let k: u32 = 0; k < load<u32>(at, 4); k++) {
      const run = at + 8 + <usize>k * 8;
      for (let c = load<u32>(run); c <= load<u32>(run, 4); c++) {
        const s = starts + <usize>(c + 1) * 4;
        const n = load<u32>(s);
        store<u32>(<usize>t.entries + <usize>n * 4, i);
        store<u32>(s, n + 1);
      }
    }
  }
  return true;
}

function cutAll(): bool {
  const blob = sectionPtr(SECTION_BLOB);
  const rules = sectionPtr(SECTION_RULE);
  for (let i: u32 = 0; i < sectionCount(SECTION_RULE); i++) {
    const rule = changetype<Rule>(rules + <usize>i * RULE_SIZE);
    const family = familyOf(rule);
    let at = blob + rule.matches;
    for (let k: u32 = 0; k < <u32>rule.matchCount; k++) {
      if (!cutCondition(at, family)) return false;
      at += conditionBytes(at);
    }
  }
  for (let f: u32 = 0; f < 2; f++) {
    for (let dim: u32 = 0; dim < <u32>DIM_COUNT; dim++) {
      const d = dimensionAt(tables.dimensions, f == 0 ? FAMILY_V4 : 6, dim);
      if (!finishDimension(d, isAddressDimension(dim))) return false;
    }
  }
  return true;
}

/** Builds the tables of the attached image in shared memory; 0 when memory runs out. */
export function buildTables(): usize {
  const at = allocate(offsetof<Tables>());
  if (at == 0) return 0;
  tables = changetype<Tables>(at);
  small = 0;
  smallEnd = 0;
  sizesCapacity = 0;
  const ruleCount = sectionCount(SECTION_RULE);
  const chainCount = sectionCount(SECTION_CHAIN);
  tables.dimensions = <u32>allocateDimensions();
  tables.rules = <u32>allocate(<usize>ruleCount * offsetof<CompiledRule>() + 8);
  tables.chains = <u32>allocate(<usize>chainCount * offsetof<ChainTable>() + 8);
  if (tables.dimensions == 0 || tables.rules == 0 || tables.chains == 0) return 0;
  if (!cutAll()) return 0;
  const rules = sectionPtr(SECTION_RULE);
  for (let i: u32 = 0; i < ruleCount; i++) {
    const rule = changetype<Rule>(rules + <usize>i * RULE_SIZE);
    if (!compileRule(rule, compiledRuleAt(tables.rules, i))) return 0;
  }
  const chains = sectionPtr(SECTION_CHAIN);
  for (let i: u32 = 0; i < chainCount; i++) {
    const t = changetype<ChainTable>(<usize>tables.chains + <usize>i * offsetof<ChainTable>());
    if (!buildChain(t, changetype<Chain>(chains + <usize>i * CHAIN_SIZE))) return 0;
  }
  return at;
}
