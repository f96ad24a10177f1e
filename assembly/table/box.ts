/**
 * Boxes: what the conditions of a chain's rules leave of the space of its dimensions, for cut
 * trees.
 *
 *     box       u32 first × 8 │ u32 last × 8 │ u32 rule │ u32 narrow dimensions        72 bytes
 *
 * A lane's values are those of the packet's field where there is one, else classes. The protocol
 * and the destination port share a lane when every box allows: ports make sense for one protocol
 * only, so that both together are still one interval of `protocol << 24 | family << 16 | port`,
 * which is how the four bytes from Packet.dport on read.
 */
import { FAMILY_V4 } from '../abi';
import {
  DIM_COUNT,
  DIM_DPORT,
  DIM_DST,
  DIM_PROTO,
  DIM_SPORT,
  DIM_SRC,
  MATCH_ADDRESSES,
  MATCH_RANGES,
} from '../abi-rules';
import { reserve } from '../lookup/arena';
import { Packet } from '../packet';
import { firstClass, hasValue, lastClass } from './class-interval';
import { MAX_LANES } from './cut-tree';
import { dimensionValues, fieldMaskOf, fieldOf, isAddressDim } from './dimension';
import { Classifier, CutLane, Family, NO_FIELD } from './layout';
import { ADDRESS_RANGE_BYTES, matchCount, matchItems, matchKind, RANGE_BYTES } from './record';
import { SCRATCH_BOXES, scratch } from './scratch';

const LASTS: usize = MAX_LANES * 4;
const RULE: usize = MAX_LANES * 8;
const NARROW: usize = RULE + 4;
const BOX_BYTES: usize = RULE + 8;
/** Boxes of a rule at most. */
const RULE_BOXES: u32 = 32;
/** A narrow interval has fewer than one of so many of its dimension's classes. */
const NARROW_PART: u32 = 64;
/** A fine one has no more than so many of them. */
const FINE_CLASSES: u32 = 32;
const FINE_SHIFT: u32 = 16; // of a dimension's bit among those of fine intervals

let boxes: usize = 0;
let count: u32 = 0;
let fresh: u32 = 0; // first box of the rule at hand
let lanes: usize = 0; // CutLane × MAX_LANES
let laneTotal: u32 = 0;
let familyCode: u32 = 0;
let classifiers: usize = 0;

@inline
export function boxCount(): u32 {
  return count;
}

@inline
export function laneCount(): u32 {
  return laneTotal;
}

@inline
export function lanesPtr(): usize {
  return lanes;
}

@inline
export function firstOf(box: u32, lane: u32): u32 {
  return load<u32>(boxes + <usize>box * BOX_BYTES + (<usize>lane << 2));
}

@inline
export function lastOf(box: u32, lane: u32): u32 {
  return load<u32>(boxes + <usize>box * BOX_BYTES + (<usize>lane << 2), LASTS);
}

@inline
export function ruleOfBox(box: u32): u32 {
  return load<u32>(boxes + <usize>box * BOX_BYTES, RULE);
}

/** Whether the box is narrow in an address dimension. */
@inline
export function isNarrow(box: u32, dim: u32): bool {
  return (load<u32>(boxes + <usize>box * BOX_BYTES, NARROW) & (1 << dim)) != 0;
}

/** … and even fine. */
@inline
export function isFine(box: u32, dim: u32): bool {
  return (load<u32>(boxes + <usize>box * BOX_BYTES, NARROW) & (1 << (dim + FINE_SHIFT))) != 0;
}

/** Begins the boxes of a chain whose conditions name `dims`. False: too many, or no memory. */
export function beginBoxes(dims: u32, family: Family, code: u32): bool {
  count = 0;
  familyCode = code;
  classifiers = family.classifiers;
  laneTotal = <u32>popcnt<u32>(dims);
  if (laneTotal > MAX_LANES) return false;
  lanes = reserve(MAX_LANES * offsetof<CutLane>());
  if (lanes == 0) return false;
  let at = lanes;
  // the protocol is the last, where it can be taken away again
  for (let pass: u32 = 0; pass < 2; pass++) {
    for (let dim: u32 = 0; <i32>dim < DIM_COUNT; dim++) {
      if (!(dims & (1 << dim)) || (dim == DIM_PROTO) != (pass == 1)) continue;
      const lane = changetype<CutLane>(at);
      lane.dim = dim;
      lane.field = laneField(dim);
      lane.mask = laneMask(dim);
      at += offsetof<CutLane>();
    }
  }
  return true;
}

function laneField(dim: u32): u32 {
  if (isAddressDim(dim) && familyCode != FAMILY_V4) return NO_FIELD;
  if (dim == DIM_SRC) return offsetof<Packet>('src');
  if (dim == DIM_DST) return offsetof<Packet>('dst');
  if (dim == DIM_SPORT) return offsetof<Packet>('sport');
  if (dim == DIM_DPORT) return offsetof<Packet>('dport');
  return fieldOf(dim);
}

function laneMask(dim: u32): u32 {
  if (isAddressDim(dim)) return u32.MAX_VALUE;
  return dim == DIM_SPORT || dim == DIM_DPORT ? 0xffff : fieldMaskOf(dim);
}

function laneOf(dim: u32): u32 {
  let lane: u32 = 0;
  while (laneAt(lane).dim != dim) lane++;
  return lane;
}

@inline
function laneAt(lane: u32): CutLane {
  return changetype<CutLane>(lanes + <usize>lane * offsetof<CutLane>());
}

/** Begins a rule (boxRule()): one box that is everything. False: out of memory. */
export function beginRule(rule: u32): bool {
  fresh = count;
  const at = addBox();
  if (at == 0) return false;
  memory.fill(at, 0, LASTS);
  memory.fill(at + LASTS, 0xff, LASTS);
  store<u32>(at, rule, RULE);
  store<u32>(at, 0, NARROW);
  return true;
}

function addBox(): usize {
  const bytes = <usize>count * BOX_BYTES;
  boxes = scratch(SCRATCH_BOXES, bytes + BOX_BYTES, bytes);
  if (boxes == 0) return 0;
  count++;
  return boxes + bytes;
}

/** Cuts the rule's boxes down to a condition. False: too many pieces, or out of memory. */
export function cutDown(match: usize, dim: u32): bool {
  const whole = count - fresh;
  const lane = laneOf(dim);
  const kind = matchKind(match);
  if (kind == MATCH_RANGES || kind == MATCH_ADDRESSES) {
    let item = matchItems(match);
    for (let i: u32 = 0; i < matchCount(match); i++) {
      if (!addItem(item, dim, lane, whole)) return false;
      item += kind == MATCH_RANGES ? RANGE_BYTES : ADDRESS_RANGE_BYTES;
    }
  } else if (!addValues(match, dim, lane, whole)) {
    return false;
  }
  // what was there before has been replaced by its pieces
  const pieces = count - fresh - whole;
  const at = boxes + <usize>fresh * BOX_BYTES;
  memory.copy(at, at + <usize>whole * BOX_BYTES, <usize>pieces * BOX_BYTES);
  count = fresh + pieces;
  return true;
}

function addItem(item: usize, dim: u32, lane: u32, whole: u32): bool {
  const classifier = changetype<Classifier>(classifiers + <usize>dim * offsetof<Classifier>());
  const first = firstClass(item, dim, classifier);
  const last = lastClass(item, dim, classifier);
  const narrow = isAddressDim(dim) ? narrowness(dim, last - first, classifier.classes) : 0;
  if (laneAt(lane).field == NO_FIELD) return addPieces(lane, first, last, whole, narrow);
  if (!isAddressDim(dim)) {
    return addPieces(lane, load<u16>(item), load<u16>(item, 2), whole, narrow);
  }
  const low = <u32>(load<u64>(item) >> 32);
  return addPieces(lane, low, <u32>(load<u64>(item, 16) >> 32), whole, narrow);
}

function narrowness(dim: u32, span: u32, classes: u32): u32 {
  if (span * NARROW_PART >= classes) return 0;
  return span < FINE_CLASSES ? (1 << dim) | (1 << (dim + FINE_SHIFT)) : 1 << dim;
}

function addValues(match: usize, dim: u32, lane: u32, whole: u32): bool {
  const values = dimensionValues(dim);
  let value: u32 = 0;
  while (value < values) {
    const first = value;
    while (value < values && hasValue(match, value)) value++;
    if (value > first && !addPieces(lane, first, value - 1, whole, 0)) return false;
    if (value == first) value++;
  }
  return true;
}

/** Adds the part from `first` to `last` of the first `whole` boxes of the rule. */
function addPieces(lane: u32, first: u32, last: u32, whole: u32, narrow: u32): bool {
  for (let i: u32 = 0; i < whole; i++) {
    if (count - fresh > RULE_BOXES) return false;
    const at = addBox();
    if (at == 0) return false;
    memory.copy(at, boxes + <usize>(fresh + i) * BOX_BYTES, BOX_BYTES);
    store<u32>(at + (<usize>lane << 2), first);
    store<u32>(at + (<usize>lane << 2), last, LASTS);
    store<u32>(at, load<u32>(at, NARROW) | narrow, NARROW);
  }
  return true;
}

/** Puts protocol and destination port into one lane, if each box is still a box then. */
export function joinProtocolAndPort(dims: u32): void {
  const both: u32 = (1 << DIM_PROTO) | (1 << DIM_DPORT);
  if ((dims & both) != both) return;
  const proto = laneOf(DIM_PROTO);
  const port = laneOf(DIM_DPORT);
  for (let box: u32 = 0; box < count; box++) {
    const anyPort = firstOf(box, port) == 0 && lastOf(box, port) >= 0xffff;
    if (!anyPort && firstOf(box, proto) != lastOf(box, proto)) return;
  }
  for (let box: u32 = 0; box < count; box++) join(box, proto, port);
  laneAt(port).mask = u32.MAX_VALUE;
  laneTotal--;
}

function join(box: u32, proto: u32, port: u32): void {
  const at = boxes + <usize>box * BOX_BYTES;
  let first = firstOf(box, proto) << 24;
  let last = (lastOf(box, proto) << 24) | 0xffffff;
  if (firstOf(box, proto) == lastOf(box, proto)) {
    first |= (familyCode << 16) | firstOf(box, port);
    last = (first & 0xffff0000) | min<u32>(lastOf(box, port), 0xffff);
  }
  store<u32>(at + (<usize>port << 2), first);
  store<u32>(at + (<usize>port << 2), last, LASTS);
  store<u32>(at + (<usize>proto << 2), 0);
  store<u32>(at + (<usize>proto << 2), u32.MAX_VALUE, LASTS);
}
