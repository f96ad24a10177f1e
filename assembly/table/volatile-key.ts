/**
 * The volatile key: everything about a packet that a rule may look at and that can differ between
 * packets of one connection in one direction. Packets with equal keys walk the same way, unless the
 * walk met state that is outside the packet; then Packet.sideEffects says so and nothing is cached.
 *
 * The values are packed side by side, as wide as their dimensions need. What fits in 31 bits is the
 * key itself; wider ones are numbered by a table, so that equal keys always mean equal values.
 */
import { FAMILY_V4 } from '../abi';
import {
  DIM_COUNT,
  DIM_CT,
  DIM_ICMP,
  DIM_IN,
  DIM_LENGTH,
  DIM_PHYSIN,
  DIM_PKTTYPE,
  DIM_TCP_FLAGS,
  DIM_TOS,
  DIM_TTL,
} from '../abi-rules';
import { Conn } from '../conntrack/conn';
import { allocate } from '../memory';
import { Packet } from '../packet';
import { classOf, forgetFields } from './classify';
import { Classifier, Family, RESIDUAL_CONNMARK, Tables } from './layout';
import { isOdd } from './odd';

const VOLATILE_DIMS: u32 =
  (1 << DIM_IN) |
  (1 << DIM_PHYSIN) |
  (1 << DIM_CT) |
  (1 << DIM_TCP_FLAGS) |
  (1 << DIM_TTL) |
  (1 << DIM_TOS) |
  (1 << DIM_PKTTYPE) |
  (1 << DIM_ICMP) |
  (1 << DIM_LENGTH);
const FLAG: u32 = 0x80000000; // keeps keys from being 0
const DIRECT_BITS: u32 = 31;

const SLOTS: u32 = 1 << 16; // {u64 packed, u32 connmark, u32 number}
const SLOT_BYTES: usize = 16;
const MAX_NUMBERS: u32 = SLOTS / 2;

/** Per family: bits of each volatile dimension and their sum. */
@unmanaged
class KeyShape {
  dims: u32; // bit d: dimension d is in the key
  bits: u32;
  connmark: u32; // 1: so is the connection's mark
}
const WIDTHS: usize = offsetof<KeyShape>(); // then u8 per dimension
const SHAPE_BYTES: usize = WIDTHS + DIM_COUNT;

let shapes: usize = 0; // KeyShape of v4, then of v6
let numbers: usize = 0;
let numberCount: u32 = 0;

export function attachVolatileKey(tables: Tables): bool {
  shapes = allocate(SHAPE_BYTES * 2);
  if (shapes == 0) return false;
  numbers = 0;
  numberCount = 0;
  const wide4 = shapeFor(shapes, changetype<Family>(<usize>tables.v4));
  const wide6 = shapeFor(shapes + SHAPE_BYTES, changetype<Family>(<usize>tables.v6));
  if (wide4 || wide6) numbers = allocate(<usize>SLOTS * SLOT_BYTES);
  return numbers != 0 || !(wide4 || wide6);
}

/** Lays out a family's key; true when keys must be numbered. */
function shapeFor(at: usize, family: Family): bool {
  const shape = changetype<KeyShape>(at);
  shape.dims = family.usedDims & VOLATILE_DIMS;
  shape.connmark = family.residualUse & RESIDUAL_CONNMARK;
  for (let dim: u32 = 0; <i32>dim < DIM_COUNT; dim++) {
    if (!(shape.dims & (1 << dim))) continue;
    const classifier = <usize>family.classifiers + <usize>dim * offsetof<Classifier>();
    const classes = dim == DIM_TTL ? 256 : changetype<Classifier>(classifier).classes;
    const width = 32 - <u32>clz<u32>(classes - 1);
    store<u8>(at + WIDTHS + dim, <u8>width);
    shape.bits += width;
  }
  return shape.bits > DIRECT_BITS || shape.connmark != 0;
}

/** The packet's key, or 0 when its walk must not be cached. */
export function keyOf(p: Packet): u32 {
  if (p.sideEffects || isOdd(p)) return 0;
  forgetFields();
  const at = p.family == FAMILY_V4 ? shapes : shapes + SHAPE_BYTES;
  const shape = changetype<KeyShape>(at);
  if (shape.bits > 64) return 0;
  let packed: u64 = 0;
  for (let dims = shape.dims; dims != 0; dims &= dims - 1) {
    const dim = <u32>ctz<u32>(dims);
    // the TTL is looked at before and after forwarding takes one away: its class is not enough
    const value = dim == DIM_TTL ? <u32>p.ttl : classOf(p, dim);
    packed = (packed << <u64>load<u8>(at + WIDTHS + dim)) | value;
  }
  const connmark = shape.connmark && p.conn ? changetype<Conn>(<usize>p.conn).mark : 0;
  if (shape.bits > DIRECT_BITS || shape.connmark) return numberOf(packed, connmark);
  return FLAG | <u32>packed;
}

/** Number of a pair of values, from 1; 0 when there are too many different ones. */
function numberOf(packed: u64, connmark: u32): u32 {
  let h = (packed ^ (<u64>connmark << 21)) * 0x9e3779b97f4a7c15;
  let slot = <u32>(h >> 48) & (SLOTS - 1);
  while (true) {
    const at = numbers + <usize>slot * SLOT_BYTES;
    const number = load<u32>(at, 12);
    if (number == 0) {
      if (numberCount == MAX_NUMBERS) return 0;
      store<u64>(at, packed);
      store<u32>(at, connmark, 8);
      store<u32>(at, ++numberCount, 12);
      return numberCount;
    }
    if (load<u64>(at) == packed && load<u32>(at, 8) == connmark) return number;
    slot = (slot + 1) & (SLOTS - 1);
  }
}
