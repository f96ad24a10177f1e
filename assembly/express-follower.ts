/**
 * The express way for packets that follow the first one of a connection which does not remember a
 * way for them yet: an opening does (pipeline/opening.ts). Nearly always it is the second and third
 * packet of a TCP handshake or the first answer to a datagram. Judged straight from the frame
 * record as in express.ts; whatever differs in anything takes the long way.
 */
import { CT_ESTABLISHED, CT_NEW, DIR_ORIGINAL, FAMILY_V4, STAT_BYTES, STAT_INJECTED } from './abi';
import { CT_VALUE_REPLY } from './abi-rules';
import {
  CONN_ZONE_ORIGINAL,
  CONN_ZONE_REPLY,
  Conn,
  IPS_CONFIRMED,
  IPS_DYING,
  IPS_EXPECTED,
  IPS_NAT_MASK,
  IPS_SEEN_REPLY,
  isGuessed,
} from './conntrack/conn';
import {
  followTcp,
  followUdp,
  isPlainAck,
  KIND,
  KIND_STATUS,
  TCP_HEADER,
  UDP_HEADER,
} from './conntrack/established';
import { answerSyn, establishedBy } from './conntrack/handshake';
import {
  checksums,
  hasTuple,
  IPV4_ID,
  predictTurned,
  TCP,
  UDP,
  UDP_CHECK,
  wayWent,
} from './express';
import { keyBegun } from './express-opening';
import { outChanged } from './nat/index';
import { tcpFingerprint, udpFingerprint } from './observe/fingerprint';
import { FrameRecord } from './packet';
import { setWay } from './pipeline/cached';
import { isEntranceOpen } from './pipeline/entrance';
import { ledBy, natureOf, smallestMtu, wayFor } from './pipeline/opening';
import { completeKey, entryIn, Opening } from './pipeline/openings';
import { Traversal } from './slot';
import { count, countBy } from './stats';
import { plainKey } from './table/index';
import { repeatTraversal } from './traversal';
import { isRightV4 } from './wire/checksum';
import { IPV4_HEADER } from './wire/ipv4';

const ZONES: u8 = CONN_ZONE_ORIGINAL | CONN_ZONE_REPLY;
// What a connection must have of these, and must not.
const LIVE: u16 = IPS_CONFIRMED;
const LIVE_ASKED: u16 = IPS_CONFIRMED | IPS_DYING | IPS_EXPECTED;

/**
 * Judges frame number `frame`, whose connection may be `ref` (as table.ts refers to them) and whose
 * entry lies `offset` behind the first one ahead. Returns the traversal that it repeated; 0: nothing
 * was done.
 */
export function goFollower(r: FrameRecord, ref: u32, offset: usize, frame: u64): usize {
  if (!r.plain || r.ttl <= 1 || r.ipLen > smallestMtu) return 0;
  if (!hasTuple(r, ref) || !isEntranceOpen(r.iface, frame)) return 0;
  const conn = changetype<Conn>(<usize>(ref & ~1));
  const dir = ref & 1;
  const status = conn.status;
  if (conn.proto != r.proto || conn.family != <u8>FAMILY_V4) return 0;
  if ((status & LIVE_ASKED) != LIVE || conn.flags & ZONES) return 0;
  if (conn.expires <= r.tsNanos) return 0;

  // the way of others like it
  const isAnswered = dir != DIR_ORIGINAL || (status & IPS_SEEN_REPLY) != 0;
  if (!isAnswered && isGuessed(conn)) return 0;
  const state = isAnswered ? CT_ESTABLISHED : CT_NEW;
  const ctValue = state | (status & IPS_NAT_MASK) | (dir * CT_VALUE_REPLY);
  const key = plainKey(ctValue, r.tcpFlags, r.ttl, r.tos, r.ipLen, ref & ~1);
  if (key == 0 || key == wayWent(ref).key) return 0;
  const opening = keyBegun(r, offset);
  const set = completeKey(opening, key, natureOf(status, dir, state), ledBy(conn, dir));
  const found = entryIn(set, opening);
  if (found == 0) return 0;
  const e = changetype<Opening>(found);
  const t = changetype<Traversal>(<usize>e.traversal);
  if (outChanged(conn, dir, t.out)) return 0;

  const print = track(r, conn, dir);
  if (print == 0) return 0;
  if (isAnswered) setWay(conn, dir, wayFor(e, key));
  repeatTraversal(t, r.ipLen);
  count(STAT_INJECTED);
  countBy(STAT_BYTES, r.ipLen);
  predictTurned(ref, print, r.tsNanos, frame, e.traversal);
  return e.traversal;
}

/** Tracks the packet of `conn`. Its fingerprint; 0: nothing was done. */
@inline
function track(r: FrameRecord, conn: Conn, dir: u32): u64 {
  const l3 = <usize>r.l3;
  const l4 = l3 + IPV4_HEADER;
  const len = r.ipLen - IPV4_HEADER;
  const now = r.tsNanos;
  const id: u32 = load<u16>(l3, IPV4_ID);
  const kind = load<u64>(changetype<usize>(conn), KIND);
  let print: u64;
  if (<u32>r.proto == TCP) {
    if (len < TCP_HEADER) return 0;
    if (checksums && !isRightV4(l3, l4, len, TCP)) return 0;
    if (!trackTcp(r, conn, kind, dir, l4, len)) return 0;
    print = tcpFingerprint(id, l4);
  } else {
    if (<u32>r.proto != UDP || len < UDP_HEADER) return 0;
    if (checksums && load<u16>(l4, UDP_CHECK) != 0 && !isRightV4(l3, l4, len, UDP)) return 0;
    if (!followUdp(conn, kind, l4, len, now)) return 0;
    print = udpFingerprint(id, l4, len, len);
  }
  if (dir != DIR_ORIGINAL) conn.status |= IPS_SEEN_REPLY;
  return print;
}

/** Tracks a segment of `conn`. False: nothing was done. */
@inline
function trackTcp(
  r: FrameRecord,
  conn: Conn,
  kind: u64,
  dir: u32,
  l4: usize,
  len: u32,
): bool {
  if (!isPlainAck(r.tcpFlags)) return dir != DIR_ORIGINAL && answerSyn(conn, l4, len, r.tsNanos);
  if (!(<u32>(kind >> KIND_STATUS) & IPS_SEEN_REPLY)) return false;
  return followTcp(conn, establishedBy(kind, dir), dir, l4, len, r.tsNanos);
}
