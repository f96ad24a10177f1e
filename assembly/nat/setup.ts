/** Deciding a connection's mapping: nf_nat_setup_info(), targets and null bindings. */
import {
  FAMILY_V4,
  HOOK_OUTPUT,
  HOOK_PREROUTING,
  VERDICT_ACCEPT,
  VERDICT_DROP,
} from '../abi';
import { TARGET_MASQUERADE, TARGET_NETMAP, TARGET_REDIRECT } from '../abi-rules';
import { linkSource, mappingFor } from '../conntrack/by-source';
import {
  CONN_NAT_CHOSEN,
  CONN_REPLY_FREE,
  Conn,
  IPS_CONFIRMED,
  IPS_DST_NAT,
  IPS_DST_NAT_DONE,
  IPS_SRC_NAT,
  IPS_SRC_NAT_DONE,
} from '../conntrack/conn';
import { Mapping } from '../conntrack/mapping';
import {
  invertTuple,
  isIcmp,
  loadTuple,
  tupleDport,
  tupleDst,
  tupleSport,
  tupleSrc,
} from '../conntrack/tuple';
import { Packet } from '../packet';
import { masqueradeAddress, redirectAddress } from '../route/select';
import {
  loadNullRange,
  loadRange,
  mapTo,
  netmapAddress,
  RANGE_MAP_IPS,
  RANGE_PROTO_SPECIFIED,
  rangeFlags,
  rangeMaxPort,
  rangeMinPort,
  rangeSingle,
} from './range';
import { lastChosen, uniqueTuple } from './unique';

// Packet.natGiven
export const GIVEN_DST: u8 = 1;
export const GIVEN_DPORT: u8 = 2;

@inline
function doneBit(manip: u32): u16 {
  return manip == 0 ? IPS_SRC_NAT_DONE : IPS_DST_NAT_DONE;
}

/** Whether the connection's mapping of `manip` (0: source, 1: destination) is decided. */
@inline
export function natInitialized(p: Packet, manip: u32): bool {
  return (changetype<Conn>(p.conn).status & doneBit(manip)) != 0;
}

/**
 * Maps the connection into the range of range.ts (nf_nat_setup_info), which is that of `args`; 0:
 * of a null binding.
 */
function setupInfo(p: Packet, conn: Conn, manip: u32, args: u32): u32 {
  if (conn.status & IPS_CONFIRMED) return VERDICT_ACCEPT;
  loadTuple(conn, 1);
  invertTuple();
  const src = tupleSrc;
  const dst = tupleDst;
  const sport = tupleSport;
  const dport = tupleDport;
  const isFree = uniqueTuple(conn, manip, p.tsNanos);
  if (tupleSrc != src || tupleDst != dst || tupleSport != sport || tupleDport != dport) {
    invertTuple();
    conn.replSrc = tupleSrc;
    conn.replDst = tupleDst;
    conn.replSport = <u16>tupleSport;
    conn.replDport = <u16>tupleDport;
    conn.status |= manip == 0 ? IPS_SRC_NAT : IPS_DST_NAT;
  }
  if (isFree) conn.flags |= CONN_REPLY_FREE;
  else conn.flags &= ~CONN_REPLY_FREE;
  if (lastChosen()) {
    conn.flags |= CONN_NAT_CHOSEN;
    const mapping = mappingFor(conn);
    if (mapping == 0) return VERDICT_DROP;
    changetype<Mapping>(mapping).guessedFrom = args | manip;
  }
  if (manip == 0 && !linkSource(conn)) return VERDICT_DROP;
  conn.status |= doneBit(manip);
  return VERDICT_ACCEPT;
}

/**
 * Decides the mapping of `manip` as the target asks that the nat chain ended with (p.natKind and
 * p.natArgs). VERDICT_DROP where the target drops: no address to masquerade or redirect to. A
 * target that leaves the packet alone leaves the mapping undecided.
 */
export function setupTarget(p: Packet, manip: u32): u32 {
  const conn = changetype<Conn>(p.conn);
  if (conn.status & doneBit(manip)) return VERDICT_ACCEPT;
  loadRange(p.family, p.natArgs);
  // a source may be in the range, or have a mapping already; a port of several be taken; of several
  // addresses, each source has its own
  if (manip == 0 || rangeMinPort != rangeMaxPort || !rangeSingle) p.asksConnection = 1;
  const kind: u32 = p.natKind;
  if (kind == TARGET_MASQUERADE) {
    // Without a source yet (DHCP); nf_nat_masquerade_ipv4() only.
    if (p.family == FAMILY_V4 && conn.origSrc == 0) return VERDICT_ACCEPT;
    const address = masqueradeAddress(p);
    if (address == 0) return VERDICT_DROP;
    const mapping = mappingFor(conn);
    if (mapping == 0) return VERDICT_DROP;
    changetype<Mapping>(mapping).masqueradeOut = p.out;
    mapTo(address);
  } else if (kind == TARGET_REDIRECT) {
    const address = redirectAddress(p);
    if (address == 0) return VERDICT_DROP;
    mapTo(address);
  } else if (kind == TARGET_NETMAP) {
    const incoming = p.hook == HOOK_PREROUTING || p.hook == HOOK_OUTPUT;
    mapTo(netmapAddress(p.family, incoming ? p.dst : p.src));
    p.asksConnection = 1; // each address has its own
  }
  if (manip != 0) {
    p.natGiven = <u8>(rangeFlags & RANGE_MAP_IPS ? GIVEN_DST : 0);
    if (rangeFlags & RANGE_PROTO_SPECIFIED) p.natGiven |= GIVEN_DPORT;
  }
  return setupInfo(p, conn, manip, p.natArgs);
}

/**
 * Decides that the connection keeps its addresses (nf_nat_alloc_null_binding). Its source port
 * still changes when another connection's answers would look the same.
 */
export function nullBinding(p: Packet, manip: u32): u32 {
  const conn = changetype<Conn>(p.conn);
  if (manip != 0 && !isIcmp(conn.proto)) {
    // The address stays, and a destination's port is never chosen: nothing to look for. An echo id,
    // which both directions share, is.
    conn.status |= IPS_DST_NAT_DONE;
    return VERDICT_ACCEPT;
  }
  loadNullRange(manip == 0 ? conn.replDst : conn.replSrc);
  return setupInfo(p, conn, manip, 0);
}
