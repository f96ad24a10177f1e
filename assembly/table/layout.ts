/**
 * What buildTables leaves in shared memory for all workers. Pointers are addresses; everything is
 * read-only once built.
 *
 *     Tables ─▶ Family (v4, v6) ─▶ Classifier × DIM_COUNT
 *            └▶ ChainTable × chains ─▶ ChainDim × dims ─▶ step map, rows
 *                                  └▶ CompiledRule × rules ─▶ residual matches in the image
 */

/** Everything that was built for an image. */
@unmanaged
export class Tables {
  chains: u32; // ChainTable per chain of the image
  chainCount: u32;
  v4: u32; // Family
  v6: u32;
  stateBytes: u32; // of stateful matches, per worker
}

/** How one family's packets are classified; shared by all its chains. */
@unmanaged
export class Family {
  classifiers: u32; // Classifier × DIM_COUNT
  usedDims: u32; // bit d: some rule looks at dimension d
  residualUse: u32; // RESIDUAL_*
}

/** Rules look at the mark of the packet's connection. */
export const RESIDUAL_CONNMARK: u32 = 1;

/** From a dimension's value to its class. */
@unmanaged
export class Classifier {
  kind: u32; // CLASSIFIER_*
  classes: u32; // number of classes
  map: u32; // IntervalTrie or step map
  alike: u32; // u8 per value: see value-classes.ts; 0: every value stands for itself
  alikeClasses: u32;
}

/** The class is the value itself. */
export const CLASSIFIER_IDENTITY: u32 = 0;
export const CLASSIFIER_STEPS: u32 = 1;
export const CLASSIFIER_TRIE: u32 = 2;

// ChainTable.structure: what chooseStructure chose.
export const STRUCTURE_SCAN: u32 = 0;
export const STRUCTURE_WORD: u32 = 1;
export const STRUCTURE_WORDS: u32 = 2;
export const STRUCTURE_GROUPS: u32 = 3;
export const STRUCTURE_CUTS: u32 = 4;

@unmanaged
export class ChainTable {
  structure: u32; // STRUCTURE_*
  ruleCount: u32;
  rules: u32; // CompiledRule × ruleCount
  firstCounter: u32; // counter id of the first rule
  dims: u32; // ChainDim × dimCount, cheapest to ask first
  dimCount: u32;
  policy: u32; // VERDICT_ACCEPT, VERDICT_DROP, or VERDICT_NONE for a user chain
  policyCounter: u32;
  policyCounts: u32;
  groups: u32; // STRUCTURE_GROUPS: number of groups of 64 words of 64 rules
  cuts: u32; // STRUCTURE_CUTS: CutTrees; else 0
}

/** One dimension of a chain: which rules' conditions on it hold, for every class. See row.ts. */
@unmanaged
export class ChainDim {
  dim: u32; // DIM_*
  field: u32; // offset in Packet of a value that is its own class, or NO_FIELD
  fieldMask: u32;
  steps: u32; // step map from classes to rows
  rows: u32; // u64 rows (STRUCTURE_WORD) or u32 addresses of rows
  words: u32; // the usual row, dense: u64 per 64 rules
  groups: u32; // the usual row's groups, dense: RowNode without differences
}

/** The trees of a chain whose first match decides. See cut-tree.ts. */
@unmanaged
export class CutTrees {
  header: v128; // which bytes of a packet's header the first four lanes are: see cut-point.ts
  headerMore: v128; // … and the others
  headerMask: v128; // the bytes of a header that are in some lane
  lanes: u32; // CutLane × laneCount
  laneCount: u32;
  beyond: u32; // bit l: lane l is not in the header
  blocks: u32; // of four lanes in a group: 1 or 2
  roots: u32;
  treeCount: u32;
  rankShift: u32; // how ranks are made of rules
  isFar: u32; // they are too many for a near cache
  isForeseeable: u32; // all of its addresses are in the header
}

/** Where a lane of a cut tree has its value from. */
@unmanaged
export class CutLane {
  dim: u32; // DIM_*
  field: u32; // offset in Packet, or NO_FIELD: the value is the class
  mask: u32; // what of the 32 bits at that offset is the value
}

/** A rule, ready for the walk. */
@unmanaged
export class CompiledRule {
  residuals: u32; // u32 addresses of matches that no dimension decides, in source order
  residualCount: u16;
  target: u16; // TARGET_*
  args: u32; // address of the target's payload; ChainTable for jumps
  matches: u32; // address of all its matches in the image
  matchCount: u16;
  verdict: u16; // of ACCEPT, DROP and QUEUE: a walk that ends need not branch on which; else 0
}

/** ChainDim.field: the class has to be looked up. */
export const NO_FIELD: u32 = u32.MAX_VALUE;
