/**
 * ICMP and ICMPv6 (nf_conntrack_proto_icmp.c, nf_conntrack_proto_icmpv6.c): requests and answers
 * are connections; errors belong to the connection of the packet that they quote.
 */
import {
  CT_RELATED,
  CT_UNTRACKED,
  FAMILY_V4,
  SYSCTL_CT_ICMPV6_TIMEOUT,
  SYSCTL_CT_ICMP_TIMEOUT,
} from '../abi';
import { internV6, v6Bytes } from '../address';
import { Packet } from '../packet';
import { isLinkLocalV6 } from '../route/group';
import { skipHeaders, skippedTo } from '../wire/ipv6';
import { quoteOf, REDIRECT_HEADER, REDIRECT_QUOTE } from '../wire/quoted';
import { Conn, IPS_CONFIRMED } from './conn';
import { checksumOk, TRACK_ACCEPT, TRACK_INVALID } from './protocol';
import { foundDir } from './table';
import { refresh, timeoutOf } from './timeout';
import {
  IPPROTO_ICMP,
  invertTuple,
  loadTransport,
  setTuple,
} from './tuple';
import { findInZone } from './zone';

const HEADER: u32 = 8;
const OPTION_REDIRECTED: u8 = 4; // ND_OPT_REDIRECT_HDR
const MAX_TYPE: u32 = 18; // NR_ICMP_TYPES
const V4_HEADER: u32 = 20;
const V6_HEADER: u32 = 40;

// What icmpControl() found.
export const ICMP_PLAIN: u32 = 0; // track it as a connection
export const ICMP_DONE: u32 = 1; // its connection, or UNTRACKED, is in the packet
export const ICMP_INVALID: u32 = 2;

/** Where the transport header quoted by the last related error is, counted from the error's own. */
export let quotedAt: u32 = 0;

/** Multicast listener and neighbour discovery: never tracked (noct_valid_new). */
@inline
function isDiscovery(type: u32): bool {
  return (type >= 130 && type <= 136) || type == 143;
}

/** Judges what is not a request or an answer, before any look-up: ICMP_*. */
export function icmpControl(p: Packet): u32 {
  const v4 = p.family == FAMILY_V4;
  if ((p.proto == <u8>IPPROTO_ICMP) != v4) return ICMP_PLAIN; // its tracker refuses it
  if (p.l4Cap < HEADER || !checksumOk(p)) return ICMP_INVALID;
  const type: u32 = load<u8>(p.l4);
  if (v4) {
    if (type > MAX_TYPE) return ICMP_INVALID; // RFC 1122 §3.2.2
  } else if (isDiscovery(type)) {
    p.ctState = <u8>CT_UNTRACKED;
    return ICMP_DONE;
  }
  const quote = quoteOf(p.proto, type);
  if (quote == 0) return ICMP_PLAIN;
  if (quote == REDIRECT_QUOTE && !isRedirect(p)) return ICMP_INVALID;
  return relate(p, quote) ? ICMP_DONE : ICMP_INVALID;
}

/**
 * Whether an IPv6 redirect is from a router of this link and begins its options with the packet it
 * is about (nf_conntrack_icmpv6_redirect). Any other belongs to no connection.
 */
function isRedirect(p: Packet): bool {
  if (p.ttl != 255 || !isLinkLocalV6(v6Bytes(p.src))) return false;
  if (load<u8>(p.l4, 1) != 0 || p.l4Cap < REDIRECT_QUOTE) return false;
  const option = <usize>p.l4 + REDIRECT_HEADER;
  return load<u8>(option) == OPTION_REDIRECTED && load<u8>(option, 1) != 0;
}

/** Makes an error RELATED to the connection that it quotes at `at` (nf_conntrack_inet_error). */
function relate(p: Packet, at: u32): bool {
  const inner = <usize>p.l4 + at;
  const have = p.l4Cap - at;
  const found = p.family == FAMILY_V4 ? loadInnerV4(inner, have) : loadInnerV6(inner, have);
  // The error travels against the packet it quotes, so the tuple of its direction is the inverse.
  if (!found || !invertTuple()) return false;
  const known = findInZone(p);
  if (known == 0) return false;
  const conn = changetype<Conn>(known);
  const dir = foundDir();
  // It must go where that direction goes, or anybody could relate to anything.
  if (p.dst != (dir == 0 ? conn.origDst : conn.replDst)) return false;
  quotedAt += at;
  p.conn = <u32>known;
  p.ctState = <u8>CT_RELATED;
  p.ctDir = <u8>dir;
  return true;
}

function loadInnerV4(ip: usize, have: u32): bool {
  if (have < V4_HEADER) return false;
  if (bswap<u16>(load<u16>(ip, 6)) & 0x1fff) return false; // a later fragment has no ports
  const header = <u32>(load<u8>(ip) & 15) * 4;
  if (header > have) return false;
  setTuple(bswap<u32>(load<u32>(ip, 12)), bswap<u32>(load<u32>(ip, 16)), 0, 0, 0);
  quotedAt = header;
  return loadTransport(load<u8>(ip, 9), ip + header, have - header);
}

function loadInnerV6(ip: usize, have: u32): bool {
  if (have < V6_HEADER) return false;
  const at = skipHeaders(ip, have);
  if (at == 0) return false;
  setTuple(internV6(ip + 8), internV6(ip + 24), 0, 0, 0);
  quotedAt = at;
  return loadTransport(skippedTo, ip + at, have - at);
}

/** Tracks a request or an answer of `conn`. */
export function trackIcmp(p: Packet, conn: Conn): u32 {
  const v4 = p.family == FAMILY_V4;
  if ((p.proto == <u8>IPPROTO_ICMP) != v4) return TRACK_INVALID;
  const type = <u32>conn.origDport >> 8;
  const request = v4
    ? type == 8 || type == 13 || type == 15 || type == 17
    : type == 128 || type == 139;
  if (!request && (v4 || !(conn.status & IPS_CONFIRMED))) return TRACK_INVALID;
  refresh(conn, p.tsNanos, timeoutOf(v4 ? SYSCTL_CT_ICMP_TIMEOUT : SYSCTL_CT_ICMPV6_TIMEOUT));
  return TRACK_ACCEPT;
}
