/**
 * Asks cut trees ahead of time: about the packets that come next, all together. A walk down a tree
 * is a chain of loads that wait for one another, each of them a cache miss where there are many
 * rules; of different packets they do not wait. So all packets go down one level, then all of them
 * the next, and those that have come to a leaf go on with its first group, and so forth.
 *
 * Nobody knows yet which packets will ask, what, and when. What is taken for granted is that the
 * next packets are like the last ones: they ask the same trees, and what cannot be told from their
 * frames (the interface by which they leave, their connection's state) is the same for them. A
 * packet that comes to trees then compares its point with the one that was asked about, and takes
 * the answer only if it is the same: trees never change, so that an answer is right for good.
 */
import { allocate } from '../memory';
import { FrameRecord, Packet } from '../packet';
import {
  boxesAround,
  bytesOfGroup,
  childOf,
  ENTRY_BYTES,
  goesOn,
  groupsOf,
  isWanted,
  NO_BOX,
  OneBlock,
  POINT_REACH,
  ROOT_BYTES,
  ROOT_LEVELS,
  ruleAround,
  TwoBlocks,
} from './cut-tree';
import { differs, headerOf, isBeyondOf, placeHeader, POINT_BYTES } from './cut-point';
import { CutTrees } from './layout';

/** Packets that are asked about together, at most. */
export const QUESTIONS: u32 = 64;
/** Four of these are the trees of a question never asked: not even chains without trees have 0. */
const NO_TREES_BYTE: u8 = 0xff;
/** So many of them must have asked trees for the next ones to be asked about. */
const WORTH: u32 = 8;

@unmanaged
class Question {
  header: v128;
  point: v128; // of the header and, for what is not in it, of the last packet that asked
  pointMore: v128;
  at: u32; // where it has come to: an entry, then a group
  trees: u32; // CutTrees
  answer: u32; // the first rule so far, as cut-tree.ts has rules
  pad: u32;
}
const QUESTION_BYTES: usize = offsetof<Question>();

let unasked: usize = 0; // Question about no trees
let questions: usize = 0; // Question × QUESTIONS behind it
let end: usize = 0; // of the batch's
let current: usize = 0; // that of the packet at hand
let pending: usize = 0; // u32 addresses of those that the tree at hand is asked about
let recent: usize = 0; // CutTrees that were asked about without an answer being known, last
let recentPoint: usize = 0;
let asked: u32 = 0; // times that trees were asked since the last batch began
let askedBefore: u32 = 0; // … and the packet at hand came
let touched: u32 = 0; // sum of what was loaded before it is needed: loads must not be left out

export function attachAhead(): bool {
  const bytes = QUESTION_BYTES * (QUESTIONS + 1) + POINT_REACH;
  if (unasked == 0) unasked = allocate(bytes);
  if (pending == 0) pending = allocate(<usize>QUESTIONS * 4);
  if (recentPoint == 0) recentPoint = allocate(POINT_BYTES);
  if (unasked == 0 || pending == 0 || recentPoint == 0) return false;
  memory.fill(unasked, NO_TREES_BYTE, bytes);
  questions = unasked + QUESTION_BYTES;
  current = unasked;
  asked = 0;
  askedBefore = 0;
  return true;
}

/** Begins the next batch. Returns whether it is worth asking about. */
export function beginAhead(): bool {
  const isWorth = asked >= WORTH && changetype<CutTrees>(recent).isForeseeable != 0;
  asked = 0;
  end = questions;
  current = unasked;
  return isWorth;
}

/** Adds a packet to the batch, by its frame. */
@inline
export function addAhead(r: FrameRecord): void {
  addHeader(headerOf(r));
}

/** Adds a packet to the batch. */
@inline
export function addHeader(header: v128): void {
  const at = end;
  const trees = changetype<CutTrees>(recent);
  const q = changetype<Question>(at);
  const point = at + offsetof<Question>('point');
  q.header = header;
  placeHeader(point, header, trees);
  if (trees.beyond != 0) copyBeyond(point, trees.beyond);
  q.trees = <u32>recent;
  q.answer = NO_BOX;
  end = at + QUESTION_BYTES;
}

/** Copies lanes of the last packet that asked. */
function copyBeyond(point: usize, lanes: u32): void {
  for (let rest = lanes; rest != 0; rest &= rest - 1) {
    const lane = <usize>ctz<u32>(rest) << 2;
    store<u32>(point + lane, load<u32>(recentPoint + lane));
  }
}

/** Finds the answers for all packets that were added. */
export function answerAhead(): void {
  const trees = changetype<CutTrees>(recent);
  let root: usize = trees.roots;
  for (let tree: u32 = 0; tree < trees.treeCount; tree++) {
    let total = descend(root);
    if (tree > 0) total = choose(total, trees.rankShift);
    if (trees.isFar) enterLeaves(total);
    if (trees.blocks == 1) compare<OneBlock>(total, trees.isFar != 0);
    else compare<TwoBlocks>(total, trees.isFar != 0);
    root += ROOT_BYTES;
  }
}

/** Goes on to the next of the packets that were added. */
@inline
export function expectNext(): void {
  current += QUESTION_BYTES;
  askedBefore = asked;
}

/** Trees are asked. */
@inline
export function noteAsking(): void {
  asked++;
}

/** Whether the trees' answer for the packet at hand is known. */
@inline
export function isKnown(p: Packet, trees: CutTrees): bool {
  if (!isLike(p, <u32>changetype<usize>(trees))) return false;
  return trees.beyond == 0 || isBeyondOf(p, current + offsetof<Question>('point'), trees);
}

/** isKnown() of what can be told from the packet's header alone; `trees` may be 0: there are none. */
@inline
export function isForetold(p: Packet, trees: u32): bool {
  return isLike(p, trees) && changetype<CutTrees>(<usize>trees).beyond == 0;
}

/** Whether these trees were asked, and about such a header. */
@inline
function isLike(p: Packet, trees: u32): bool {
  const q = changetype<Question>(current);
  return q.trees == trees && !differs(p, q.header, changetype<CutTrees>(<usize>trees));
}

/** The answer: of the first rule that matches, or NO_BOX. */
@inline
export function answerOf(): u32 {
  return changetype<Question>(current).answer;
}

/**
 * Trees were asked about a point whose answer was not known. Those that a packet asks first are the
 * ones that the next packets will be asked about.
 */
@inline
export function noteAsked(trees: CutTrees, point: usize): void {
  if (asked > askedBefore + 1) return;
  recent = changetype<usize>(trees);
  memory.copy(recentPoint, point, POINT_BYTES);
}

/**
 * Goes down one tree with all packets whose answer may come after the tree's first rule. Returns
 * how many these are.
 */
function descend(root: usize): u32 {
  const first = load<u32>(root, ENTRY_BYTES);
  const nodes = pending;
  const last = end;
  let total: u32 = 0;
  for (let at = questions; at < last; at += QUESTION_BYTES) {
    const q = changetype<Question>(at);
    q.at = <u32>childOf(root, at + offsetof<Question>('point'));
    store<u32>(nodes + (<usize>total << 2), <u32>at);
    total += <u32>(first < q.answer);
  }
  for (let left = load<u32>(root, ROOT_LEVELS); left > 1; left--) {
    for (let i: u32 = 0; i < total; i++) {
      const at = <usize>load<u32>(nodes + (<usize>i << 2));
      const q = changetype<Question>(at);
      q.at = <u32>childOf(q.at, at + offsetof<Question>('point'));
    }
  }
  return total;
}

/** Keeps those of `total` packets whose leaves can have the answer: others need not be read. */
function choose(total: u32, rankShift: u32): u32 {
  const nodes = pending;
  let left: u32 = 0;
  for (let i: u32 = 0; i < total; i++) {
    const at = <usize>load<u32>(nodes + (<usize>i << 2));
    const q = changetype<Question>(at);
    store<u32>(nodes + (<usize>left << 2), <u32>at);
    left += <u32>isWanted(q.at, q.answer, rankShift);
  }
  return left;
}

/** Goes on to the first groups of the leaves that `total` packets have come to. */
function enterLeaves(total: u32): void {
  const nodes = pending;
  for (let i: u32 = 0; i < total; i++) {
    const q = changetype<Question>(<usize>load<u32>(nodes + (<usize>i << 2)));
    q.at = <u32>groupsOf(q.at);
  }
}

/**
 * Loads the lines of the groups that `total` packets have come to, for trees that no near cache
 * holds: in a loop of nothing but loads, far more of them are under way at once.
 */
function touchGroups(total: u32): void {
  const nodes = pending;
  let sum: u32 = 0;
  for (let i: u32 = 0; i < total; i++) {
    const group = <usize>changetype<Question>(<usize>load<u32>(nodes + (<usize>i << 2))).at;
    sum += load<u32>(group) + load<u32>(group, 64) + load<u32>(group, 128);
  }
  touched = sum;
}

/** Compares `total` packets with the boxes of their leaves, group by group. */
@inline
function compare<Blocks>(total: u32, isFar: bool): void {
  const nodes = pending;
  let left = isFar ? total : 0;
  for (let i: u32 = left; i < total; i++) {
    const at = <usize>load<u32>(nodes + (<usize>i << 2));
    store<u32>(nodes + (<usize>left << 2), <u32>at);
    left += <u32>compareGroup<Blocks>(at, groupsOf(changetype<Question>(at).at));
  }
  while (left != 0) {
    if (isFar) touchGroups(left);
    const more = left;
    left = 0;
    for (let i: u32 = 0; i < more; i++) {
      const at = <usize>load<u32>(nodes + (<usize>i << 2));
      store<u32>(nodes + (<usize>left << 2), <u32>at);
      left += <u32>compareGroup<Blocks>(at, changetype<Question>(at).at);
    }
  }
}

/** Compares a packet with a group of boxes. Returns whether it has another to go. */
@inline
function compareGroup<Blocks>(at: usize, group: usize): bool {
  const q = changetype<Question>(at);
  const around = boxesAround<Blocks>(at + offsetof<Question>('point'), group);
  const rule = ruleAround(group, around); // of any box if there is none: no branch for that
  const best = min<u32>(q.answer, select<u32>(rule, NO_BOX, around != 0));
  q.answer = best;
  q.at = <u32>(group + bytesOfGroup<Blocks>());
  return <bool>(<u32>(around == 0) & <u32>goesOn(group, best));
}
