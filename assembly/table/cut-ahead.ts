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
  groupCount,
  groupsOf,
  isLeaf,
  NO_BOX,
  OneBlock,
  ROOT_BYTES,
  TwoBlocks,
} from './cut-tree';
import { headerOf, isPointOf, placeHeader, POINT_BYTES } from './cut-point';
import { CutTrees } from './layout';

/** Packets that are asked about together, at most. */
export const QUESTIONS: u32 = 64;
/** So many of them must have asked trees for the next ones to be asked about. */
const WORTH: u32 = 8;

@unmanaged
class Question {
  header: v128;
  point: v128; // of the header and, for what is not in it, of the last packet that asked
  pointMore: v128;
  entry: u64; // where it has come to; `groups` of a leaf count down
  trees: u32; // CutTrees
  answer: u32; // the first rule so far, as cut-tree.ts has rules
}
const QUESTION_BYTES: usize = offsetof<Question>();

let questions: usize = 0; // Question × (QUESTIONS + 1): the last one is never asked
let count: u32 = 0; // of the batch
let current: usize = 0; // that of the packet at hand
let descending: usize = 0; // u32 addresses of those that are at a node
let arrived: usize = 0; // … and at a leaf
let recent: usize = 0; // CutTrees that were asked about without an answer being known, last
let recentPoint: usize = 0;
let asked: u32 = 0; // times that trees were asked since the last batch began
let askedBefore: u32 = 0; // … and the packet at hand came

export function attachAhead(): bool {
  const bytes = QUESTION_BYTES * (QUESTIONS + 1);
  if (questions == 0) questions = allocate(bytes);
  if (descending == 0) descending = allocate(<usize>QUESTIONS * 8);
  if (recentPoint == 0) recentPoint = allocate(POINT_BYTES);
  if (questions == 0 || descending == 0 || recentPoint == 0) return false;
  memory.fill(questions, 0, bytes);
  arrived = descending + QUESTIONS * 4;
  current = questions + bytes - QUESTION_BYTES;
  asked = 0;
  askedBefore = 0;
  return true;
}

/** Begins the next batch. Returns whether it is worth asking about. */
export function beginAhead(): bool {
  const isWorth = asked >= WORTH && changetype<CutTrees>(recent).isForeseeable != 0;
  asked = 0;
  count = 0;
  current = questions - QUESTION_BYTES;
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
  const trees = changetype<CutTrees>(recent);
  const q = changetype<Question>(questions + <usize>count * QUESTION_BYTES);
  const point = changetype<usize>(q) + offsetof<Question>('point');
  q.header = header;
  placeHeader(point, header, trees);
  for (let rest = trees.beyond; rest != 0; rest &= rest - 1) {
    const lane = <usize>ctz<u32>(rest) << 2;
    store<u32>(point + lane, load<u32>(recentPoint + lane));
  }
  q.trees = <u32>recent;
  q.answer = NO_BOX;
  count++;
}

/** Finds the answers for all packets that were added. */
export function answerAhead(): void {
  const trees = changetype<CutTrees>(recent);
  let root: usize = trees.roots;
  for (let left = trees.treeCount; left != 0; left--) {
    let ends = enterAll(root);
    if (trees.blocks == 1) while (ends != 0) ends = compareAll<OneBlock>(ends);
    else while (ends != 0) ends = compareAll<TwoBlocks>(ends);
    root += ROOT_BYTES;
  }
}

/** Goes on to the next of the packets that were added. */
@inline
export function expectNext(): void {
  current += QUESTION_BYTES;
  askedBefore = asked;
}

/** Trees are asked: whether the answer for the packet at hand is known. */
@inline
export function isAnswered(p: Packet, trees: CutTrees): bool {
  asked++;
  return isKnown(p, trees);
}

@inline
export function isKnown(p: Packet, trees: CutTrees): bool {
  const q = changetype<Question>(current);
  if (q.trees != <u32>changetype<usize>(trees)) return false;
  return isPointOf(p, current + offsetof<Question>('point'), q.header, trees);
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
 * Asks one tree about all packets whose answer may come after the tree's first rule. Returns how
 * many came to a leaf with boxes.
 */
function enterAll(root: usize): u32 {
  const first = load<u32>(root, ENTRY_BYTES);
  const entry = load<u64>(root);
  const isNode = !isLeaf(entry);
  const nodes = descending;
  const ends = arrived;
  const last = questions + <usize>count * QUESTION_BYTES;
  let left: u32 = 0;
  let leaves: u32 = 0;
  for (let at = questions; at < last; at += QUESTION_BYTES) {
    const q = changetype<Question>(at);
    const next = isNode ? childOf(entry, at + offsetof<Question>('point')) : entry;
    const isWanted = <u32>(first < q.answer);
    q.entry = next;
    store<u32>(nodes + (<usize>left << 2), <u32>at);
    store<u32>(ends + (<usize>leaves << 2), <u32>at);
    left += isWanted & <u32>!isLeaf(next);
    leaves += isWanted & <u32>isLeaf(next) & <u32>(groupCount(next) != 0);
  }
  return descendAll(left, leaves);
}

/** Goes down to the leaves with the `left` packets that are at nodes. */
function descendAll(left: u32, leaves: u32): u32 {
  const nodes = descending;
  const ends = arrived;
  while (left != 0) {
    const total = left;
    left = 0;
    for (let i: u32 = 0; i < total; i++) {
      const at = <usize>load<u32>(nodes + (<usize>i << 2));
      const q = changetype<Question>(at);
      const next = childOf(q.entry, at + offsetof<Question>('point'));
      q.entry = next;
      store<u32>(nodes + (<usize>left << 2), <u32>at);
      store<u32>(ends + (<usize>leaves << 2), <u32>at);
      left += <u32>!isLeaf(next);
      leaves += <u32>isLeaf(next) & <u32>(groupCount(next) != 0);
    }
  }
  return leaves;
}

/** Compares `total` packets with a group of boxes each. Returns how many have another to go. */
function compareAll<Blocks>(total: u32): u32 {
  const ends = arrived;
  let left: u32 = 0;
  for (let i: u32 = 0; i < total; i++) {
    const at = <usize>load<u32>(ends + (<usize>i << 2));
    const q = changetype<Question>(at);
    const entry = q.entry;
    const group = groupsOf(entry);
    const around = boxesAround<Blocks>(at + offsetof<Question>('point'), group);
    const held = load<u32>(group + (<usize>(ctz<i32>(around) & 3) << 2));
    const best = min<u32>(q.answer, around != 0 ? held : NO_BOX);
    q.answer = best;
    q.entry = entry + bytesOfGroup<Blocks>() - (<u64>1 << 32);
    store<u32>(ends + (<usize>left << 2), <u32>at);
    // rules ascend: what follows cannot come before the first of this group
    left += <u32>(groupCount(entry) > 1) & <u32>(load<u32>(group) < best) & <u32>(around == 0);
  }
  return left;
}
