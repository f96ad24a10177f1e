/** Connection tracking of a packet: nf_conntrack_in() and nf_conntrack_confirm(). */
import {
  CT_ESTABLISHED,
  CT_INVALID,
  CT_NEW,
  CT_RELATED,
  CT_UNTRACKED,
  VERDICT_ACCEPT,
  VERDICT_DROP,
} from '../abi';
import { Packet } from '../packet';
import {
  CONN_REPLY_FREE,
  CONN_ZONE_ORIGINAL,
  CONN_ZONE_REPLY,
  Conn,
  IPS_CONFIRMED,
  IPS_DYING,
  IPS_EXPECTED,
  IPS_SEEN_REPLY,
} from './conn';
import { ICMP_DONE, ICMP_INVALID, icmpControl, trackIcmp } from './icmp';
import { account, disbelieve } from './extra';
import { TRACK_ACCEPT, TRACK_REPEAT } from './protocol';
import { trackSctp } from './sctp';
import {
  allocConn,
  find,
  findRival,
  foundDir,
  freeConn,
  freeDying,
  link,
  turnFound,
} from './table';
import { trackTcp } from './tcp';
import {
  IPPROTO_GRE,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
  invertTuple,
  isIcmp,
  loadPacket,
  loadTuple,
  tupleDport,
  tupleDst,
  tupleSport,
  tupleSrc,
} from './tuple';
import { trackGeneric, trackGre, trackUdp, trackUdpLite } from './udp';
import { assignZone, findInZone } from './zone';

let begun: usize = 0; // the connection that the packet at hand began and nobody confirmed yet

export function attachTrack(): void {
  begun = 0;
}

const UNTRACKABLE: usize = 1;

/** The packet's connection, with foundDir(); 0: it has none yet; UNTRACKABLE. */
@inline
function lookUp(p: Packet): usize {
  const proto: u32 = p.proto;
  if ((proto == IPPROTO_TCP || proto == IPPROTO_UDP) && p.ctZoneSet == 0 && p.l4Len >= 4) {
    return find(p.family, proto, p.src, p.dst, p.sport, p.dport, 0, p.tsNanos);
  }
  return loadPacket(p) ? findInZone(p) : UNTRACKABLE;
}

/** Begins a connection with the packet (init_conntrack). 0: no memory; UNTRACKABLE: no answer. */
function initConn(p: Packet): usize {
  loadPacket(p);
  const src = tupleSrc;
  const dst = tupleDst;
  const sport = tupleSport;
  const dport = tupleDport;
  if (!invertTuple()) return UNTRACKABLE;
  const at = allocConn(p.tsNanos);
  if (at == 0) return 0;
  const conn = changetype<Conn>(at);
  conn.origSrc = src;
  conn.origDst = dst;
  conn.origSport = <u16>sport;
  conn.origDport = <u16>dport;
  conn.replSrc = tupleSrc;
  conn.replDst = tupleDst;
  conn.replSport = <u16>tupleSport;
  conn.replDport = <u16>tupleDport;
  conn.proto = p.proto;
  conn.family = p.family;
  assignZone(conn, p);
  begun = at;
  return at;
}

/** Forgets what the last packet left behind: its unconfirmed connection, and killed ones. */
@inline
export function endLastPacket(): void {
  if (begun != 0) freeBegun();
  freeDying();
}

function freeBegun(): void {
  const conn = changetype<Conn>(begun);
  begun = 0;
  if (!(conn.status & (IPS_CONFIRMED | IPS_DYING))) freeConn(conn);
}

@inline
function trackProtocol(p: Packet, conn: Conn, dir: u32): u32 {
  const proto: u32 = p.proto;
  if (proto == IPPROTO_TCP) return trackTcp(p, conn, dir);
  if (proto == IPPROTO_UDP) return trackUdp(p, conn);
  if (isIcmp(proto)) return trackIcmp(p, conn);
  if (proto == IPPROTO_UDPLITE) return trackUdpLite(p, conn);
  if (proto == IPPROTO_SCTP) return trackSctp(p, conn, dir);
  if (proto == IPPROTO_GRE) return trackGre(p, conn);
  return trackGeneric(p, conn);
}

/**
 * Finds or begins the packet's connection and tracks its state. Sets conn, ctState and ctDir; conn
 * is 0 with CT_INVALID and CT_UNTRACKED. Returns VERDICT_ACCEPT, or VERDICT_DROP when memory ran
 * out. A packet that has a connection already, or is UNTRACKED, is left as it is.
 */
export function trackPacket(p: Packet): u32 {
  if (p.conn != 0 || p.ctState == CT_UNTRACKED) return VERDICT_ACCEPT;
  endLastPacket();
  p.ctState = <u8>CT_INVALID;
  p.ctDir = 0;
  const verdict = track(p);
  if (p.conn == 0) p.ctZoneSet = 0; // nf_conntrack_in() takes the template off, come what may
  return verdict;
}

@inline
function track(p: Packet): u32 {
  if (p.fragOff != 0) return VERDICT_ACCEPT;
  if (isIcmp(p.proto)) {
    const control = icmpControl(p);
    if (control == ICMP_INVALID || control == ICMP_DONE) return VERDICT_ACCEPT;
  }
  let result: u32;
  do {
    let at = lookUp(p);
    let dir: u32 = 0;
    if (at != 0) {
      dir = foundDir();
    } else {
      at = initConn(p);
      if (at == 0) return VERDICT_DROP;
    }
    if (at == UNTRACKABLE) return VERDICT_ACCEPT;
    const conn = changetype<Conn>(at);
    const status = conn.status;
    let state = CT_ESTABLISHED;
    if (dir == 0 && !(status & IPS_SEEN_REPLY)) state = status & IPS_EXPECTED ? CT_RELATED : CT_NEW;

    disbelieve();
    result = trackProtocol(p, conn, dir);
    if (result == TRACK_ACCEPT) {
      account(conn, dir, p.ipLen);
      p.conn = <u32>at;
      p.ctState = <u8>state;
      p.ctDir = <u8>dir;
      if (dir != 0) conn.status |= IPS_SEEN_REPLY;
      return VERDICT_ACCEPT;
    }
    if (begun != 0) freeBegun();
  } while (result == TRACK_REPEAT);
  return VERDICT_ACCEPT;
}

/**
 * Puts the packet's connection into the table once the packet has passed all hooks. Packets are
 * judged one after the other, so a tuple can be taken by now only where NAT found no free one:
 * VERDICT_DROP. (What nf_ct_resolve_clash() repairs are races, which cannot happen here.)
 */
export function confirm(p: Packet): u32 {
  if (p.conn == 0) return VERDICT_ACCEPT;
  const conn = changetype<Conn>(p.conn);
  if (conn.status & (IPS_CONFIRMED | IPS_DYING) || p.ctDir != 0) return VERDICT_ACCEPT;
  // outside of zones nobody has its original tuple: the packet would be of that connection
  const now = p.tsNanos;
  const isZoned = (conn.flags & (CONN_ZONE_ORIGINAL | CONN_ZONE_REPLY)) != 0;
  if (isZoned && isTaken(conn, 0, now)) return VERDICT_DROP;
  if (!(conn.flags & CONN_REPLY_FREE) && isTaken(conn, 1, now)) return VERDICT_DROP;
  if (!link(conn)) return VERDICT_DROP;
  begun = 0;
  return VERDICT_ACCEPT;
}

/** Whether a linked connection has this one's tuple of direction `dir`. */
function isTaken(conn: Conn, dir: u32, now: u64): bool {
  loadTuple(conn, dir);
  return findRival(conn, dir, now) != 0;
}

/** Whether no connection has the reply tuple of one that is not linked yet. */
export function isReplyFree(conn: Conn, now: u64): bool {
  return !isTaken(conn, 1, now);
}

/** The packet has met its end: a connection that it began and nobody confirmed is gone. */
export function release(p: Packet): void {
  if (p.conn != 0 && begun == <usize>p.conn) freeBegun();
  p.conn = 0;
}

/**
 * The connection whose packets, once translated, look like this one, or 0; foundDir() is then their
 * direction. For packets seen leaving the host.
 */
export function findReplied(p: Packet): usize {
  if (p.fragOff != 0 || !loadPacket(p) || !invertTuple()) return 0;
  const found = findInZone(p);
  if (found != 0) turnFound();
  return found;
}
