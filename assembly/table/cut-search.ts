/** Asks the cut trees of a chain (cut-tree.ts) about a packet. */
import { allocate } from '../memory';
import { Packet } from '../packet';
import { answerOf, attachAhead, isKnown, noteAsked, noteAsking } from './cut-ahead';
import { placePoint, POINT_BYTES } from './cut-point';
import {
  boxesAround,
  bytesOfGroup,
  childOf,
  ENTRY_BYTES,
  goesOn,
  groupsOf,
  isLeaf,
  isWanted,
  NO_BOX,
  OneBlock,
  ROOT_BYTES,
  ruleAround,
  TwoBlocks,
} from './cut-tree';
import { CutTrees } from './layout';

let point: usize = 0; // of the packet at hand

export function attachSearch(): bool {
  if (point == 0) point = allocate(POINT_BYTES);
  return point != 0 && attachAhead();
}

/** Index of the first rule that matches; NO_BOX: none does. */
@inline
export function firstRule(p: Packet, trees: CutTrees): u32 {
  noteAsking();
  return isKnown(p, trees) ? answerOf() : ask(p, trees);
}

function ask(p: Packet, trees: CutTrees): u32 {
  placePoint(point, p, trees);
  noteAsked(trees, point);
  const blocks = trees.blocks;
  let best = NO_BOX;
  let root: usize = trees.roots;
  for (let left = trees.treeCount; left != 0; left--) {
    if (load<u32>(root, ENTRY_BYTES) < best) {
      if (blocks == 1) best = search<OneBlock>(root, best, trees);
      else best = search<TwoBlocks>(root, best, trees);
    }
    root += ROOT_BYTES;
  }
  return best;
}

/** The first rule of a tree around the point, or `best` if that comes first. */
@inline
function search<Blocks>(root: usize, best: u32, trees: CutTrees): u32 {
  let entry = root;
  while (!isLeaf(entry)) entry = childOf(entry, point);
  if (!isWanted(entry, best, trees.rankShift)) return best;
  let group = groupsOf(entry);
  while (true) {
    const around = boxesAround<Blocks>(point, group);
    if (around != 0) return min<u32>(best, ruleAround(group, around));
    if (!goesOn(group, best)) return best;
    group += bytesOfGroup<Blocks>();
  }
}
