/** Rewriting packets as their connection's mapping says: nf_nat_packet() and ICMP errors. */
import { CT_RELATED, DIR_REPLY, FAMILY_V4, VERDICT_ACCEPT, VERDICT_DROP } from '../abi';
import {
  Conn,
  IPS_DST_NAT,
  IPS_NAT_DONE_MASK,
  IPS_NAT_MASK,
  IPS_SRC_NAT,
} from '../conntrack/conn';
import { quotedAt } from '../conntrack/icmp';
import { Mapping, mappingOf } from '../conntrack/mapping';
import {
  IPPROTO_GRE,
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
import { transportChecksumOk } from '../wire/checksum';
import { ICMP_REDIRECT, NDISC_REDIRECT } from '../wire/quoted';
import { hasTuplePorts } from '../wire/transport';

const QUOTED: u32 = 8; // what is needed of a quoted transport header

/**
 * Applies the mapping of `manip` (0: source, 1: destination) to the packet: in the reply direction,
 * a source mapping is undone on destinations and the other way round. VERDICT_DROP for what cannot
 * be translated.
 */
export function translate(p: Packet, manip: u32): u32 {
  const conn = changetype<Conn>(p.conn);
  const status = conn.status;
  const isError = p.ctState == CT_RELATED && isIcmp(p.proto);
  if (isError && !isIntelligible(p, status)) return VERDICT_DROP;
  let bit = manip == 0 ? IPS_SRC_NAT : IPS_DST_NAT;
  if (p.ctDir == DIR_REPLY) bit ^= IPS_NAT_MASK;
  if (!(status & bit)) return VERDICT_ACCEPT;
  if (isError && !quotesEnough(p, conn)) return VERDICT_DROP;

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
  } else if (hasTuplePorts(tupleProto)) {
    if (manip == 0) p.sport = <u16>tupleSport;
    else p.dport = <u16>tupleDport;
  }
  return VERDICT_ACCEPT;
}

/**
 * Whether an ICMP error may pass NAT, mapped or not (nf_nat_icmp_reply_translation): it verifies
 * the checksum itself, even where nf_conntrack_checksum is 0, and nobody could understand a
 * redirect about a mapped connection.
 */
function isIntelligible(p: Packet, status: u32): bool {
  if (!transportChecksumOk(p)) return false;
  if (<u32>p.icmpType != (p.family == FAMILY_V4 ? ICMP_REDIRECT : NDISC_REDIRECT)) return true;
  return (status & IPS_NAT_DONE_MASK) == IPS_NAT_DONE_MASK && !(status & IPS_NAT_MASK);
}

/** Whether the error quotes what has to be rewritten (l4proto_manip_pkt); a tuple takes less. */
function quotesEnough(p: Packet, conn: Conn): bool {
  const proto: u32 = conn.proto;
  if (!hasTuplePorts(proto) && proto != IPPROTO_GRE) return true;
  return p.l4Len >= quotedAt + QUOTED;
}

/** gre_manip_pkt() translates destinations of the versions 0 and 1 alone. */
function greVersion(p: Packet): u32 {
  return p.l4Cap >= 2 ? <u32>load<u8>(<usize>p.l4, 1) & 7 : 0;
}

/**
 * Whether a masqueraded connection's packet would leave by another interface, `out`, than its
 * address was chosen for (nf_nat_oif_changed): the kernel then kills the connection and drops the
 * packet.
 */
export function outChanged(conn: Conn, dir: u32, out: u32): bool {
  if (dir == DIR_REPLY) return false;
  const mapping = mappingOf(conn);
  if (mapping == 0) return false;
  const chosenFor = <u32>changetype<Mapping>(mapping).masqueradeOut;
  return chosenFor != 0 && chosenFor != out;
}
