/** Rewriting packets as their connection's mapping says: nf_nat_packet() and ICMP errors. */
import { CT_RELATED, DIR_REPLY, VERDICT_ACCEPT, VERDICT_DROP } from '../abi';
import {
  Conn,
  IPS_DST_NAT,
  IPS_NAT_DONE_MASK,
  IPS_NAT_MASK,
  IPS_SRC_NAT,
} from '../conntrack/conn';
import {
  IPPROTO_GRE,
  hasPorts,
  invertTuple,
  isIcmp,
  loadTuple,
  tupleDport,
  tupleDst,
  tupleProto,
  tupleSport,
  tupleSrc,
} from '../conntrack/tuple';
import { Packet } from '../packet';

const ICMP_REDIRECT: u8 = 5;
const NDISC_REDIRECT: u8 = 137;

/**
 * Applies the mapping of `manip` (0: source, 1: destination) to the packet: in the reply direction,
 * a source mapping is undone on destinations and the other way round. VERDICT_DROP for an ICMP
 * redirect about a mapped connection, which nobody could understand.
 */
export function translate(p: Packet, manip: u32): u32 {
  const conn = changetype<Conn>(p.conn);
  const status = conn.status;
  const isError = p.ctState == CT_RELATED && isIcmp(p.proto);
  if (isError && (p.icmpType == ICMP_REDIRECT || p.icmpType == NDISC_REDIRECT)) {
    const settled = (status & IPS_NAT_DONE_MASK) == IPS_NAT_DONE_MASK;
    if (!settled || status & IPS_NAT_MASK) return VERDICT_DROP;
  }
  let bit = manip == 0 ? IPS_SRC_NAT : IPS_DST_NAT;
  if (p.ctDir == DIR_REPLY) bit ^= IPS_NAT_MASK;
  if (!(status & bit)) return VERDICT_ACCEPT;

  // It is to look like the inverse of what the other direction sends.
  loadTuple(conn, <u32>p.ctDir ^ 1);
  invertTuple();
  if (manip == 0) p.src = tupleSrc;
  else p.dst = tupleDst;
  if (isError) return VERDICT_ACCEPT; // its ports are those of the packet it quotes
  if (manip != 0 && tupleProto == IPPROTO_GRE && greVersion(p) > 1) return VERDICT_DROP;
  if (isIcmp(tupleProto)) {
    p.sport = <u16>tupleSport; // the id
    p.dport = <u16>tupleSport;
  } else if (hasPorts(tupleProto)) {
    if (manip == 0) p.sport = <u16>tupleSport;
    else p.dport = <u16>tupleDport;
  }
  return VERDICT_ACCEPT;
}

/** gre_manip_pkt() translates destinations of the versions 0 and 1 alone. */
function greVersion(p: Packet): u32 {
  return p.l4Cap >= 2 ? <u32>load<u8>(<usize>p.l4, 1) & 7 : 0;
}

/**
 * Whether a masqueraded connection's packet would leave by another interface than its address was
 * chosen for (nf_nat_oif_changed): the kernel then kills the connection and drops the packet.
 */
export function outChanged(p: Packet): bool {
  const chosenFor = changetype<Conn>(p.conn).masqueradeOut;
  return chosenFor != 0 && p.ctDir != DIR_REPLY && chosenFor != p.out;
}
