/**
 * The decision table.
 *
 * The problem: a chain is a list of rules, the first one whose matches all hold acts, and a Docker
 * host has thousands. Asking them one after the other costs time in proportion; and yet every rule
 * that matches on the way (a jump, a LOG) must be known, since its counters move.
 *
 * The way: instead of asking each rule about the packet, ask each *dimension* (source, port,
 * interface, …) once which rules' conditions hold, as a row of bits, and AND the rows. The set bits
 * are the rules that match, in order. Take this chain:
 *
 *     0  -d 172.17.0.2 ! -i docker0 -o docker0 -p tcp --dport 80 -j ACCEPT
 *     1  -d 172.17.0.3 ! -i docker0 -o docker0 -p tcp --dport 53 -j ACCEPT
 *     2  ! -i docker0 -o docker0 -m limit --limit 1/s -j LOG
 *     3  ! -i docker0 -o docker0 -j DROP
 *
 * Its conditions cut each dimension's values into classes, and for each class there is a row (shown
 * with rule 0 at the left; `.` is a clear bit):
 *
 *     dst      other  ..23     in   other    0123     out  docker0  0123    dport  other  ..23
 *              .0.2   0.23          docker0  ....          other    ....           53     .123
 *              .0.3   .123                                                         80     0.23
 *
 * A packet from eth0 to 172.17.0.2:53 by docker0 has the rows 0.23, 0123, 0123, .123: together
 * ..23. Rule 2's limit is asked (a *residual*: no table can know its tokens), and if it holds the
 * rule is counted; then rule 3 drops. No other rule was looked at.
 *
 * Rows of up to 64 rules are one word. Beyond, a row has summaries (which words are not empty), the
 * summaries are ANDed first, and words are fetched only where all rows have something: aggregated
 * bit vectors (Baboescu and Varghese, SIGCOMM 2001). row.ts says how rows share what they have in
 * common.
 *
 * Where the first rule that matches decides, whatever it is, no other need be known, and the chain
 * gets a tree that leads to it (cut-tree.ts). structure.ts says which chain gets what.
 *
 * A jump puts the chain's remaining bits on a stack and a RETURN takes them off. What is decided
 * here follows ipt_do_table() and nft_do_chain(); chains where only the order of questions would
 * tell them apart are asked in the kernel's order (plan.ts), and so are packets that matches treat
 * specially (odd.ts).
 *
 * References: net/ipv4/netfilter/ip_tables.c, net/netfilter/nf_tables_core.c.
 */
import {
  NONE,
  VERDICT_DROP,
  VERDICT_NAT,
  VERDICT_REJECT,
} from '../abi';
import {
  DIM_COUNT,
  TARGET_GOTO,
  TARGET_JUMP,
  TARGET_NETMAP,
  TARGET_NONE,
  TARGET_REJECT,
  TARGET_RETURN,
} from '../abi-rules';
import { lowestBit } from '../lookup/bits';
import { stepOf } from '../lookup/step-map';
import { allocate } from '../memory';
import { Packet } from '../packet';
import { hasRoom, hit, hitInRoom } from '../traversal';
import { classOf, forgetFields } from './classify';
import { answerOf, isForetold, noteAsking } from './cut-ahead';
import { attachSearch, firstRule } from './cut-search';
import { indexOf, NO_BOX, NO_INDEX, verdictIn } from './cut-tree';
import {
  ChainDim,
  ChainTable,
  CompiledRule,
  CutTrees,
  NO_FIELD,
  STRUCTURE_CUTS,
  STRUCTURE_GROUPS,
  STRUCTURE_SCAN,
  STRUCTURE_WORD,
  Tables,
} from './layout';
import { matchHolds } from './match';
import { isOdd, oddity } from './odd';
import { nextMatch } from './record';
import { groupOf, RowNode, wordOf } from './row';
import { applyTarget } from './target';

/** A chain on the walk. `word`, `filled` and `groups` (WAY_ROWS) hold what was not visited yet. */
@unmanaged
class Frame {
  word: u64; // rules
  filled: u64; // words of the group at hand
  groups: u64;
  chain: u32; // ChainTable
  base: u32; // first rule of the word at hand; WAY_SCAN: the next rule
  wordBase: u32; // first word of the group at hand
  way: u32; // WAY_*
}
/**
 * Behind each frame: u32 rows of the chain's dimensions, then u32 RowNodes of the group at hand.
 */
const ROWS: usize = offsetof<Frame>();
const NODES: usize = ROWS + DIM_COUNT * 4;
const FRAME_BYTES: usize = (NODES + DIM_COUNT * 4 + 7) & ~7;
const NO_RULE: u32 = NO_INDEX;
// How a frame finds its chain's next rule.
const WAY_ROWS: u32 = 0;
const WAY_CUTS: u32 = 1; // asked once: the first rule is the last
const WAY_SCAN: u32 = 2; // rule by rule

let chains: usize = 0; // ChainTable per chain id
let stack: usize = 0; // Frames; chains do not loop, so there are never more than chains
let odd: bool = false; // the packet on the walk is asked rule by rule

export function attachEvaluation(tables: Tables): bool {
  chains = tables.chains;
  stack = allocate(<usize>(tables.chainCount + 1) * FRAME_BYTES);
  return stack != 0 && attachSearch();
}

@inline
function chainAt(chain: u32): ChainTable {
  return changetype<ChainTable>(chains + <usize>chain * offsetof<ChainTable>());
}

/**
 * Whether walkPlainly() will do for base chain `chain` (id): its trees were asked ahead about this
 * packet, and the rule says no more than a verdict. Most walks are that, so nothing is called.
 */
@inline
export function isPlain(p: Packet, chain: u32): bool {
  if (!isForetold(p, chainAt(chain).cuts)) return false;
  return verdictIn(answerOf()) != 0 && hasRoom() && oddity(p) == 0;
}

/** walk() where isPlain(). */
@inline
export function walkPlainly(p: Packet, chain: u32): u32 {
  noteAsking();
  const rule = answerOf();
  const counter = chainAt(chain).firstCounter + indexOf(rule);
  hitInRoom(p, counter);
  return decide(p, counter, verdictIn(rule));
}

/**
 * Walks base chain `chain` (id) with the packet. Returns ACCEPT, DROP, REJECT, QUEUE or NAT; the
 * packet's verdictCounter and verdictIsPolicy say what decided (NONE: a hotdrop).
 */
export function walk(p: Packet, chain: u32): u32 {
  forgetFields();
  odd = isOdd(p);
  p.hotdrop = 0;
  const base = chainAt(chain);
  if (odd || base.structure != STRUCTURE_CUTS) return walkFrom(p, base, NO_RULE);
  // most packets need no more than the one rule
  const rule = firstRule(p, changetype<CutTrees>(<usize>base.cuts));
  if (rule == NO_BOX) return policy(p, base);
  const verdict = verdictIn(rule);
  if (verdict == 0) return walkFrom(p, base, indexOf(rule));
  const counter = base.firstCounter + indexOf(rule);
  hit(p, counter);
  return decide(p, counter, verdict);
}

@inline
function ruleOf(table: ChainTable, index: u32): CompiledRule {
  return changetype<CompiledRule>(<usize>table.rules + <usize>index * offsetof<CompiledRule>());
}

/** Walks a base chain and all that it leads to; `first` is its first rule if that is known. */
function walkFrom(p: Packet, base: ChainTable, first: u32): u32 {
  let frame = changetype<Frame>(stack);
  enter(p, frame, base);
  let index = first != NO_RULE ? first : nextRule(p, frame, base);
  while (true) {
    const table = changetype<ChainTable>(<usize>frame.chain);
    if (p.hotdrop) {
      p.verdictCounter = NONE;
      p.verdictIsPolicy = 0;
      return VERDICT_DROP;
    }
    let target: u32 = TARGET_RETURN; // falling off the end is a RETURN
    let rule = changetype<CompiledRule>(0);
    if (index != NO_RULE) {
      hit(p, table.firstCounter + index);
      rule = ruleOf(table, index);
      const verdict: u32 = rule.verdict;
      if (verdict != 0) return decide(p, table.firstCounter + index, verdict);
      target = rule.target;
    }
    switch (target) {
      case TARGET_NONE:
        break;
      case TARGET_JUMP:
        frame = changetype<Frame>(changetype<usize>(frame) + FRAME_BYTES);
        enter(p, frame, changetype<ChainTable>(<usize>rule.args));
        break;
      case TARGET_GOTO:
        // Whoever is to be returned to stays what it was: the chain takes this one's place.
        enter(p, frame, changetype<ChainTable>(<usize>rule.args));
        break;
      case TARGET_RETURN:
        if (changetype<usize>(frame) == stack) return policy(p, base);
        frame = changetype<Frame>(changetype<usize>(frame) - FRAME_BYTES);
        break;
      default: {
        const verdict = act(p, rule, target);
        if (verdict == 0) break;
        return decide(p, table.firstCounter + index, verdict);
      }
    }
    index = nextRule(p, frame, changetype<ChainTable>(<usize>frame.chain));
  }
}

@inline
function decide(p: Packet, counter: u32, verdict: u32): u32 {
  p.verdictCounter = counter;
  p.verdictIsPolicy = 0;
  return verdict;
}

function policy(p: Packet, base: ChainTable): u32 {
  if (base.policyCounts) hit(p, base.policyCounter);
  p.verdictCounter = base.policyCounter;
  p.verdictIsPolicy = 1;
  return base.policy;
}

/** Verdict of a target that is no jump and has none at once; 0: the walk goes on. */
@inline
function act(p: Packet, rule: CompiledRule, target: u32): u32 {
  switch (target) {
    case TARGET_REJECT:
      p.rejectWith = load<u8>(rule.args);
      return VERDICT_REJECT;
    default:
      if (<i32>target > TARGET_NETMAP) return applyTarget(p, target, rule.args);
      p.natKind = <u8>target;
      p.natArgs = rule.args;
      return VERDICT_NAT;
  }
}

@inline
function rowOf(p: Packet, dim: ChainDim): u32 {
  const field = dim.field;
  const klass =
    field == NO_FIELD
      ? classOf(p, dim.dim)
      : <u32>load<u16>(changetype<usize>(p) + field) & dim.fieldMask;
  return stepOf(dim.steps, klass);
}

/** Begins a chain in `frame`. */
@inline
function enter(p: Packet, frame: Frame, table: ChainTable): void {
  frame.chain = <u32>changetype<usize>(table);
  frame.base = 0;
  const structure = table.structure;
  if (odd || structure == STRUCTURE_SCAN) {
    frame.way = WAY_SCAN;
  } else if (structure == STRUCTURE_CUTS) {
    frame.way = WAY_CUTS;
  } else {
    frame.way = WAY_ROWS;
    enterRows(p, frame, table);
  }
}

function enterRows(p: Packet, frame: Frame, table: ChainTable): void {
  const structure = table.structure;
  if (structure == STRUCTURE_WORD) {
    frame.word = singleWord(p, table);
    frame.filled = 0;
    frame.groups = 0;
    return;
  }
  const rows = changetype<usize>(frame) + (structure == STRUCTURE_GROUPS ? ROWS : NODES);
  let filled = u64.MAX_VALUE;
  let dim: usize = table.dims;
  for (let i: u32 = 0; i < table.dimCount; i++) {
    const d = changetype<ChainDim>(dim);
    const row = load<u32>(<usize>d.rows + (<usize>rowOf(p, d) << 2));
    store<u32>(rows + (<usize>i << 2), row);
    filled &= changetype<RowNode>(<usize>row).filled;
    if (filled == 0) break;
    dim += offsetof<ChainDim>();
  }
  frame.word = 0;
  frame.wordBase = 0;
  frame.filled = structure == STRUCTURE_GROUPS ? 0 : filled;
  frame.groups = structure == STRUCTURE_GROUPS ? filled : 0;
}

/** Rules of a chain of up to 64 whose conditions hold. */
function singleWord(p: Packet, table: ChainTable): u64 {
  const count = table.ruleCount;
  let word = u64.MAX_VALUE >> (64 - count);
  let dim: usize = table.dims;
  for (let i: u32 = 0; i < table.dimCount; i++) {
    const d = changetype<ChainDim>(dim);
    word &= load<u64>(<usize>d.rows + (<usize>rowOf(p, d) << 3));
    if (word == 0) break;
    dim += offsetof<ChainDim>();
  }
  return word;
}

/** Index of the next rule of the chain that matches; NO_RULE at its end or on a hotdrop. */
@inline
function nextRule(p: Packet, frame: Frame, table: ChainTable): u32 {
  const way = frame.way;
  if (way == WAY_CUTS) return indexOf(firstRule(p, changetype<CutTrees>(<usize>table.cuts)));
  return way == WAY_SCAN ? scanOn(p, frame, table) : nextOfRows(p, frame, table);
}

function nextOfRows(p: Packet, frame: Frame, table: ChainTable): u32 {
  while (true) {
    while (frame.word != 0) {
      const index = frame.base + lowestBit(frame.word);
      frame.word &= frame.word - 1;
      const rule = ruleOf(table, index);
      if (rule.residualCount == 0 || residualsHold(p, rule)) return index;
      if (p.hotdrop) return NO_RULE;
    }
    if (frame.filled == 0 && (frame.groups == 0 || !nextGroup(frame, table))) return NO_RULE;
    if (frame.filled != 0) fetchWord(frame, table);
  }
}

/** Takes the next word that no row's summary rules out. */
function fetchWord(frame: Frame, table: ChainTable): void {
  const index = lowestBit(frame.filled);
  frame.filled &= frame.filled - 1;
  const word = frame.wordBase + index;
  const offset = <usize>frame.wordBase << 3;
  let bits = u64.MAX_VALUE;
  let node = changetype<usize>(frame) + NODES;
  let dim: usize = table.dims;
  for (let i: u32 = 0; i < table.dimCount; i++) {
    const words = <usize>changetype<ChainDim>(dim).words + offset;
    bits &= wordOf(changetype<RowNode>(<usize>load<u32>(node)), words, index);
    if (bits == 0) break;
    node += 4;
    dim += offsetof<ChainDim>();
  }
  frame.word = bits;
  frame.base = word << 6;
}

/** Goes on to the next group of words that no row's summary rules out; false: there is none. */
function nextGroup(frame: Frame, table: ChainTable): bool {
  while (frame.groups != 0) {
    const group = lowestBit(frame.groups);
    frame.groups &= frame.groups - 1;
    let filled = u64.MAX_VALUE;
    let row = changetype<usize>(frame) + ROWS;
    let dim: usize = table.dims;
    for (let i: u32 = 0; i < table.dimCount; i++) {
      const top = changetype<RowNode>(<usize>load<u32>(row));
      const node = groupOf(top, changetype<ChainDim>(dim).groups, group);
      store<u32>(row + (NODES - ROWS), <u32>changetype<usize>(node));
      filled &= node.filled;
      if (filled == 0) break;
      row += 4;
      dim += offsetof<ChainDim>();
    }
    if (filled != 0) {
      frame.filled = filled;
      frame.wordBase = group << 6;
      return true;
    }
  }
  return false;
}

function residualsHold(p: Packet, rule: CompiledRule): bool {
  let at: usize = rule.residuals;
  for (let i: u32 = 0; i < <u32>rule.residualCount; i++) {
    if (!matchHolds(p, load<u32>(at))) return false;
    at += 4;
  }
  return true;
}

/** The next rule of which every match holds, asked in source order. */
function scanOn(p: Packet, frame: Frame, table: ChainTable): u32 {
  while (frame.base < table.ruleCount) {
    const index = frame.base++;
    const rule = ruleOf(table, index);
    let match: usize = rule.matches;
    let left = rule.matchCount;
    while (left != 0 && matchHolds(p, match)) {
      match = nextMatch(match);
      left--;
    }
    if (left == 0) return index;
    if (p.hotdrop) return NO_RULE;
  }
  return NO_RULE;
}
