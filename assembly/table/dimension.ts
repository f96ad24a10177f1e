/** Dimensions: the value that a packet has in each, and how values and classes are numbered. */
import {
  CT_ESTABLISHED,
  CT_INVALID,
  CT_NEW,
  CT_UNTRACKED,
  DIR_REPLY,
  FAMILY_V4,
} from '../abi';
import {
  ADDRESS_TYPE_VALUES,
  CT_VALUE_DNAT,
  CT_VALUE_REPLY,
  CT_VALUE_SNAT,
  CT_VALUES,
  DIM_CT,
  DIM_DPORT,
  DIM_DST,
  DIM_DST_TYPE,
  DIM_ICMP,
  DIM_IN,
  DIM_LENGTH,
  DIM_OUT,
  DIM_PHYSIN,
  DIM_PHYSOUT,
  DIM_PKTTYPE,
  DIM_PROTO,
  DIM_SPORT,
  DIM_SRC,
  DIM_SRC_TYPE,
  DIM_TCP_FLAGS,
  DIM_TOS,
  DIM_TTL,
  FIRST_SMALL_DIM,
  PHYSOUT_NONE,
  PKTTYPE_VALUES,
} from '../abi-rules';
import { v6Bytes } from '../address';
import { Conn, IPS_DST_NAT, IPS_SRC_NAT } from '../conntrack/conn';
import { ifaceCount } from '../host';
import { Packet } from '../packet';
import { addrtypeCode } from '../route/addrtype';
import { NO_FIELD } from './layout';

/** Dimensions that only NAT changes on a packet's way. */
export const ADDRESS_DIMS: u32 =
  (1 << DIM_SRC) |
  (1 << DIM_DST) |
  (1 << DIM_SPORT) |
  (1 << DIM_DPORT) |
  (1 << DIM_SRC_TYPE) |
  (1 << DIM_DST_TYPE);

/** Number of values of a small or 16-bit dimension. */
export function dimensionValues(dim: u32): u32 {
  if (<i32>dim < FIRST_SMALL_DIM) return 0x10000;
  if (dim == DIM_IN || dim == DIM_OUT || dim == DIM_PHYSIN) return ifaceCount() + 1;
  if (dim == DIM_PHYSOUT) return ifaceCount() + 1 + PHYSOUT_NONE;
  if (dim == DIM_CT) return CT_VALUES;
  if (dim == DIM_PKTTYPE) return PKTTYPE_VALUES;
  if (dim == DIM_SRC_TYPE || dim == DIM_DST_TYPE) return ADDRESS_TYPE_VALUES;
  return 256;
}

/**
 * Offset in Packet of a dimension whose value is a field and its own class; NO_FIELD for others.
 */
export function fieldOf(dim: u32): u32 {
  switch (dim) {
    case DIM_PROTO:
      return offsetof<Packet>('proto');
    case DIM_IN:
      return offsetof<Packet>('in');
    case DIM_OUT:
      return offsetof<Packet>('out');
    case DIM_PHYSIN:
      return offsetof<Packet>('physIn');
    case DIM_TCP_FLAGS:
      return offsetof<Packet>('tcpFlags');
    case DIM_TTL:
      return offsetof<Packet>('ttl');
    case DIM_TOS:
      return offsetof<Packet>('tos');
    default:
      return NO_FIELD;
  }
}

/** What of the 16 bits at that offset is the value. */
export function fieldMaskOf(dim: u32): u32 {
  return dim == DIM_IN || dim == DIM_OUT || dim == DIM_PHYSIN ? 0xffff : 0xff;
}

/** Whether a dimension's values are addresses. */
@inline
export function isAddressDim(dim: u32): bool {
  return <i32>dim <= DIM_DST;
}

/** Upper half of a handle's 128-bit key. */
@inline
export function keyHigh(family: u32, handle: u32): u64 {
  return family == FAMILY_V4 ? <u64>handle << 32 : bswap<u64>(load<u64>(v6Bytes(handle)));
}

/** Lower half of a handle's 128-bit key. */
@inline
export function keyLow(family: u32, handle: u32): u64 {
  return family == FAMILY_V4 ? 0 : bswap<u64>(load<u64>(v6Bytes(handle), 8));
}

/** State, direction and translations of the packet's connection, as `-m conntrack` sees them. */
export function conntrackValue(p: Packet): u32 {
  if (p.ctState == CT_UNTRACKED) return CT_UNTRACKED;
  if (p.conn == 0) {
    // A template (CT) counts as a connection in state NEW until conntrack replaces it.
    return p.ctZoneSet != 0 ? CT_NEW : CT_INVALID;
  }
  const status = changetype<Conn>(<usize>p.conn).status;
  let value: u32 = <i32>p.ctState <= CT_INVALID ? p.ctState : CT_ESTABLISHED;
  if (p.ctDir == DIR_REPLY) value |= CT_VALUE_REPLY;
  if (status & IPS_SRC_NAT) value |= CT_VALUE_SNAT;
  if (status & IPS_DST_NAT) value |= CT_VALUE_DNAT;
  return value;
}

/** The packet's value in a dimension other than the addresses; below dimensionValues(dim). */
export function dimensionValue(p: Packet, dim: u32): u32 {
  switch (dim) {
    case DIM_SPORT:
      return p.sport;
    case DIM_DPORT:
      return p.dport;
    case DIM_ICMP:
      return (<u32>p.icmpType << 8) | p.icmpCode;
    case DIM_LENGTH:
      return min<u32>(p.ipLen, 0xffff);
    case DIM_PROTO:
      return p.proto;
    case DIM_IN:
      return p.in;
    case DIM_OUT:
      return p.out;
    case DIM_PHYSIN:
      return p.physIn;
    case DIM_PHYSOUT:
      if (p.physOut != 0) return p.physOut;
      return p.physIn != 0 ? ifaceCount() + PHYSOUT_NONE : 0;
    case DIM_CT:
      return conntrackValue(p);
    case DIM_TCP_FLAGS:
      return p.tcpFlags;
    case DIM_TTL:
      return p.ttl;
    case DIM_TOS:
      return p.tos;
    case DIM_PKTTYPE:
      return p.pktType & (PKTTYPE_VALUES - 1);
    case DIM_SRC_TYPE:
      return addrtypeCode(p.family, p.src, 0) & (ADDRESS_TYPE_VALUES - 1);
    case DIM_DST_TYPE:
      return addrtypeCode(p.family, p.dst, 0) & (ADDRESS_TYPE_VALUES - 1);
    default:
      return 0;
  }
}
