/**
 * The volatile key: everything about a packet that a rule may look at and that can differ between
 * packets that came by one interface, of one connection, in one direction. Packets with equal keys
 * walk the same way, unless the walk met state that is outside the packet; then Packet.sideEffects
 * says so and nothing is cached.
 *
 *     key    length class │ ICMP class │ packet type │ TOS │ TTL │ TCP flags │ conntrack
 *
 * Parts that no rule looks at have no bits. What fits in 31 bits is the key itself; wider ones are
 * numbered by a table, so that equal keys always mean equal values.
 */
import { FAMILY_V4 } from '../abi';
import {
  DIM_CT,
  DIM_ICMP,
  DIM_LENGTH,
  DIM_PKTTYPE,
  DIM_TCP_FLAGS,
  DIM_TOS,
  DIM_TTL,
} from '../abi-rules';
import { Conn } from '../conntrack/conn';
import { markOf as connMark } from '../conntrack/extra';
import { stepOf } from '../lookup/step-map';
import { allocate } from '../memory';
import { Packet } from '../packet';
import { conntrackValue, dimensionValue, dimensionValues } from './dimension';
import { Classifier, Family, RESIDUAL_CONNMARK, Tables } from './layout';
import { isOdd } from './odd';

const FLAG: u32 = 0x80000000; // keeps keys from being 0
const DIRECT_BITS: u32 = 31;
const MAX_BITS: u32 = 64;
const PROTO_ICMP: u8 = 1;
const PROTO_ICMPV6: u8 = 58;

const SLOTS: u32 = 1 << 16; // {u64 packed, u32 connmark, u32 number}
const SLOT_BYTES: usize = 16;
const MAX_NUMBERS: u32 = SLOTS / 2;

/** How a family's keys are put together. */
@unmanaged
class KeyShape {
  bits: u32;
  connmark: u32; // 1: the connection's mark is part of the key
  conntrack: u32; // u64 per value: its class, where it goes; zeroes where no rule looks at it
  tcpFlags: u32;
  ttl: u32;
  tos: u32;
  pktType: u32;
  icmp: u32; // Classifier; 0: no rule looks at it
  icmpShift: u32;
  length: u32; // Classifier; 0: no rule looks at it
  lengthShift: u32;
  isNumbered: u32; // 1: a key is the number of its parts
  asksHeader: u32; // 1: some rule looks at more of a TCP or UDP packet than at its connection
  besideConntrack: u32; // the bits of a key that is no number, without those of conntrack
}

/** What tells packets of a connection apart that is in every header. */
const HEADER_DIMS: u32 =
  (1 << DIM_TCP_FLAGS) | (1 << DIM_TTL) | (1 << DIM_TOS) | (1 << DIM_PKTTYPE) | (1 << DIM_LENGTH);

let shapes: usize = 0; // KeyShape of v4, then of v6
let numbers: usize = 0;
let numberCount: u32 = 0;

export function attachVolatileKey(tables: Tables): bool {
  shapes = allocate(offsetof<KeyShape>() * 2);
  if (shapes == 0) return false;
  numbers = 0;
  numberCount = 0;
  const v4 = shapeFor(changetype<KeyShape>(shapes), changetype<Family>(<usize>tables.v4));
  const at = shapes + offsetof<KeyShape>();
  const v6 = shapeFor(changetype<KeyShape>(at), changetype<Family>(<usize>tables.v6));
  if (!v4 || !v6) return false;
  if (shapeOf(FAMILY_V4).isNumbered | changetype<KeyShape>(at).isNumbered) {
    numbers = allocate(<usize>SLOTS * SLOT_BYTES);
    if (numbers == 0) return false;
  }
  return true;
}

@inline
function shapeOf(family: u32): KeyShape {
  return changetype<KeyShape>(family == FAMILY_V4 ? shapes : shapes + offsetof<KeyShape>());
}

/** Lays out a family's key. False: out of memory. */
function shapeFor(shape: KeyShape, family: Family): bool {
  const nothing = <u32>allocate(256 * 8);
  if (nothing == 0) return false;
  shape.conntrack = nothing;
  shape.tcpFlags = nothing;
  shape.ttl = nothing;
  shape.tos = nothing;
  shape.pktType = nothing;
  shape.besideConntrack = u32.MAX_VALUE;
  shape.connmark = family.residualUse & RESIDUAL_CONNMARK;
  for (let dims = family.usedDims; dims != 0; dims &= dims - 1) {
    const dim = <u32>ctz<u32>(dims);
    const at = <usize>family.classifiers + <usize>dim * offsetof<Classifier>();
    const classifier = changetype<Classifier>(at);
    const shift = shape.bits;
    let classes = classifier.alike != 0 ? classifier.alikeClasses : classifier.classes;
    if (HEADER_DIMS & (1 << dim)) shape.asksHeader = 1;
    switch (dim) {
      case DIM_CT:
        shape.conntrack = partTable(dim, classifier, shift);
        break;
      case DIM_TCP_FLAGS:
        shape.tcpFlags = partTable(dim, classifier, shift);
        break;
      case DIM_TTL:
        // looked at before and after forwarding takes one away: every value for itself
        shape.ttl = partTable(dim, classifier, shift);
        break;
      case DIM_TOS:
        shape.tos = partTable(dim, classifier, shift);
        break;
      case DIM_PKTTYPE:
        shape.pktType = partTable(dim, classifier, shift);
        break;
      case DIM_ICMP:
        shape.icmp = <u32>at;
        shape.icmpShift = shift;
        break;
      case DIM_LENGTH:
        shape.length = <u32>at;
        shape.lengthShift = shift;
        break;
      default:
        classes = 1; // the same for all packets that share a key
    }
    const bits = 32 - <u32>clz<u32>(classes - 1);
    if (dim == DIM_CT && shift < DIRECT_BITS) shape.besideConntrack = ~(((1 << bits) - 1) << shift);
    shape.bits += bits;
  }
  shape.isNumbered = <u32>(shape.bits > DIRECT_BITS || shape.connmark != 0);
  if (shape.isNumbered) shape.besideConntrack = u32.MAX_VALUE;
  return (
    shape.conntrack != 0 &&
    shape.tcpFlags != 0 &&
    shape.ttl != 0 &&
    shape.tos != 0 &&
    shape.pktType != 0
  );
}

/** Address of u64 per value of a small dimension: its class, shifted; 0: no memory. */
function partTable(dim: u32, classifier: Classifier, shift: u32): u32 {
  const values = dimensionValues(dim);
  const table = allocate(<usize>values * 8);
  if (table == 0) return 0;
  for (let v: u32 = 0; v < values; v++) {
    const part: u64 = classifier.alike != 0 ? load<u8>(<usize>classifier.alike + v) : v;
    // a key of more than 64 bits is never asked for
    store<u64>(table + (<usize>v << 3), shift < MAX_BITS ? part << shift : 0);
  }
  return <u32>table;
}

@inline
function partOf(table: u32, value: u32): u64 {
  return load<u64>(<usize>table + (<usize>value << 3));
}

@inline
function classPart(classifier: u32, value: u32, shift: u32): u64 {
  return <u64>stepOf(changetype<Classifier>(<usize>classifier).map, value) << shift;
}

/** The packet's key, or 0 when its walk must not be cached. */
export function keyOf(p: Packet): u32 {
  if (p.sideEffects || isOdd(p)) return 0;
  const shape = shapeOf(p.family);
  if (shape.bits > MAX_BITS) return 0;
  let packed =
    partOf(shape.conntrack, conntrackValue(p)) |
    partOf(shape.tcpFlags, p.tcpFlags) |
    partOf(shape.ttl, p.ttl) |
    partOf(shape.tos, p.tos) |
    partOf(shape.pktType, dimensionValue(p, DIM_PKTTYPE));
  if (shape.icmp != 0 && (p.proto == PROTO_ICMP || p.proto == PROTO_ICMPV6)) {
    packed |= classPart(shape.icmp, dimensionValue(p, DIM_ICMP), shape.icmpShift);
  }
  if (shape.length != 0) {
    packed |= classPart(shape.length, dimensionValue(p, DIM_LENGTH), shape.lengthShift);
  }
  if (!shape.isNumbered) return FLAG | <u32>packed;
  return numberOf(packed, markOf(shape, p.conn));
}

/**
 * keyOf() of an IPv4 packet to the host's MAC with a whole TCP or UDP header, from its fields;
 * `ctValue` as conntrackValue() says.
 */
@inline
export function plainKey(
  ctValue: u32,
  tcpFlags: u32,
  ttl: u32,
  tos: u32,
  length: u32,
  conn: u32,
): u32 {
  const shape = shapeOf(FAMILY_V4);
  let packed = partOf(shape.conntrack, ctValue);
  if (shape.asksHeader) {
    packed |= partOf(shape.tcpFlags, tcpFlags) | partOf(shape.ttl, ttl);
    packed |= partOf(shape.tos, tos) | partOf(shape.pktType, 0);
    if (shape.length != 0) packed |= classPart(shape.length, length, shape.lengthShift);
  }
  if (!shape.isNumbered) return FLAG | <u32>packed;
  return shape.bits > MAX_BITS ? 0 : numberOf(packed, markOf(shape, conn));
}

/** What a key of an IPv4 packet says besides conntrack, where it can be told apart. */
@inline
export function withoutConntrack(key: u32): u32 {
  return key & shapeOf(FAMILY_V4).besideConntrack;
}

@inline
function markOf(shape: KeyShape, conn: u32): u32 {
  return shape.connmark && conn ? connMark(changetype<Conn>(<usize>conn)) : 0;
}

/** Number of a pair of values, from 1; 0 when there are too many different ones. */
function numberOf(packed: u64, connmark: u32): u32 {
  const h = (packed ^ (<u64>connmark << 21)) * 0x9e3779b97f4a7c15;
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
