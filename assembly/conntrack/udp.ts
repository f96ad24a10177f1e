/** UDP (nf_conntrack_proto_udp.c), and the small trackers for GRE and for protocols unknown. */
import {
  SYSCTL_CT_GENERIC_TIMEOUT,
  SYSCTL_CT_GRE_TIMEOUT,
  SYSCTL_CT_GRE_TIMEOUT_STREAM,
  SYSCTL_CT_UDP_TIMEOUT,
  SYSCTL_CT_UDP_TIMEOUT_STREAM,
} from '../abi';
import { Packet } from '../packet';
import {
  Conn,
  IPS_ASSURED,
  IPS_CONFIRMED,
  IPS_SEEN_REPLY,
  setStreamFrom,
  streamFrom,
} from './conn';
import { checksumOk, TRACK_ACCEPT, TRACK_INVALID } from './protocol';
import { refresh, timeoutOf } from './timeout';

const HEADER: u32 = 8;
export const STREAM_AFTER: u64 = 2_000_000_000;

export function trackUdp(p: Packet, conn: Conn): u32 {
  if (p.l4Cap < HEADER) return TRACK_INVALID;
  const length = <u32>bswap<u16>(load<u16>(p.l4, 4));
  if (length > p.l4Len || length < HEADER) return TRACK_INVALID;
  if (load<u16>(p.l4, 6) != 0 && !checksumOk(p)) return TRACK_INVALID; // 0: sent without checksum

  const now = p.tsNanos;
  if (!(conn.status & IPS_CONFIRMED)) setStreamFrom(conn, now + STREAM_AFTER);
  let timeout = timeoutOf(SYSCTL_CT_UDP_TIMEOUT);
  if (conn.status & IPS_SEEN_REPLY && now > streamFrom(conn)) {
    timeout = timeoutOf(SYSCTL_CT_UDP_TIMEOUT_STREAM);
    conn.status |= IPS_ASSURED;
  }
  refresh(conn, now, timeout);
  return TRACK_ACCEPT;
}

/** UDP-Lite: a stream from the first answer on; its checksum covers a part, and is mandatory. */
export function trackUdpLite(p: Packet, conn: Conn): u32 {
  if (p.l4Cap < HEADER) return TRACK_INVALID;
  const coverage = <u32>bswap<u16>(load<u16>(p.l4, 4));
  if (coverage != 0 && (coverage < HEADER || coverage > p.l4Len)) return TRACK_INVALID;
  if (load<u16>(p.l4, 6) == 0 || !checksumOk(p)) return TRACK_INVALID;
  stream(conn, p.tsNanos, SYSCTL_CT_UDP_TIMEOUT, SYSCTL_CT_UDP_TIMEOUT_STREAM);
  return TRACK_ACCEPT;
}

/** nf_conntrack_gre_packet() */
export function trackGre(p: Packet, conn: Conn): u32 {
  stream(conn, p.tsNanos, SYSCTL_CT_GRE_TIMEOUT, SYSCTL_CT_GRE_TIMEOUT_STREAM);
  return TRACK_ACCEPT;
}

function stream(conn: Conn, now: u64, unreplied: u32, replied: u32): void {
  if (conn.status & IPS_SEEN_REPLY) {
    refresh(conn, now, timeoutOf(replied));
    conn.status |= IPS_ASSURED;
  } else {
    refresh(conn, now, timeoutOf(unreplied));
  }
}

/** nf_conntrack_proto_generic.c */
export function trackGeneric(p: Packet, conn: Conn): u32 {
  refresh(conn, p.tsNanos, timeoutOf(SYSCTL_CT_GENERIC_TIMEOUT));
  return TRACK_ACCEPT;
}
