/**
 * The express way: what most packets of a capture are (TCP or UDP over IPv4, whole, of a connection
 * that is answered and whose last packet went a way that may be repeated) is judged straight from
 * its frame record, in one go, without the packet under judgement being filled. All that is looked
 * at is checked first; a packet that differs in anything takes the long way (judge/) as if it had
 * never been here. Both ways come to the same: they share what they ask of (the volatile key,
 * windows, fingerprints), and cases that a kernel judged take both.
 */
import { CT_ESTABLISHED, FAMILY_V4, SYSCTL_CT_CHECKSUM } from './abi';
import { CT_VALUE_REPLY } from './abi-rules';
import {
  CONN_ZONE_ORIGINAL,
  CONN_ZONE_REPLY,
  Conn,
  IPS_CONFIRMED,
  IPS_DYING,
  IPS_NAT_MASK,
  IPS_SEEN_REPLY,
} from './conntrack/conn';
import {
  followTcp,
  followUdp,
  isPlainAck,
  KIND,
  KIND_FLAGS,
  KIND_STATUS,
  TCP_HEADER,
  UDP_HEADER,
} from './conntrack/established';
import { sysctl } from './host';
import { tcpFingerprint, udpFingerprint } from './observe/fingerprint';
import { nextPrediction, setOrdinary } from './observe/pending';
import { FrameRecord } from './packet';
import { Way } from './pipeline/way';
import { Traversal } from './slot';
import { plainKey } from './table/index';
import { repeatTraversal } from './traversal';
import { isRightV4 } from './wire/checksum';
import { IPV4_HEADER } from './wire/ipv4';
import { isSeenBelow } from './wire/index';

export const TCP: u32 = 6;
export const UDP: u32 = 17;
export const IPV4_ID: usize = 4;
export const UDP_CHECK: usize = 6;
const WENT: usize = offsetof<Conn>('way0');

// What the 8 bytes of a connection from `proto` on must say: protocol, family, status and no zone.
const ANSWERED: u64 = <u64>(IPS_CONFIRMED | IPS_SEEN_REPLY) << KIND_STATUS;
const ANSWERED_V4: u64 = ANSWERED | (<u64>FAMILY_V4 << 8);
const ALIVE: u64 = 0xffff | ANSWERED | (<u64>IPS_DYING << KIND_STATUS);
const KIND_ASKED: u64 = ALIVE | (<u64>(CONN_ZONE_ORIGINAL | CONN_ZONE_REPLY) << KIND_FLAGS);

/** Whether connection tracking verifies checksums. */
export let checksums: bool = true;

if (DEBUG) {
  assert(offsetof<FrameRecord>('src') == 28 && offsetof<FrameRecord>('sport') == 36);
  assert(offsetof<Conn>('proto') == 24 && offsetof<Conn>('replSrc') == 12);
  assert(offsetof<Conn>('family') == KIND + 1 && offsetof<Conn>('way1') == WENT + 4);
}

export function attachExpress(): void {
  checksums = sysctl(SYSCTL_CT_CHECKSUM) != 0;
}

/** Whether the frame has the tuple that `ref` refers to (as table.ts does). */
@inline
export function hasTuple(r: FrameRecord, ref: u32): bool {
  const record = changetype<usize>(r);
  const tuple = <usize>(ref & ~1) + <usize>((ref & 1) * 12);
  if (load<u64>(tuple) != load<u64>(record, offsetof<FrameRecord>('src'))) return false;
  return load<u32>(tuple, 8) == load<u32>(record, offsetof<FrameRecord>('sport'));
}

/** The Way of the last packet in the direction of `ref`; at address 0, if none, are zeroes. */
@inline
export function wayWent(ref: u32): Way {
  return changetype<Way>(<usize>load<u32>(<usize>(ref & ~1) + <usize>((ref & 1) << 2), WENT));
}

/** Predicts that a packet leaves as the other tuple of its connection says, turned round. */
@inline
export function predictTurned(
  ref: u32,
  fingerprint: u64,
  tsNanos: u64,
  frame: u64,
  traversal: usize,
): void {
  const e = nextPrediction();
  const left = <usize>(ref & ~1) + <usize>(((ref & 1) ^ 1) * 12);
  e.fingerprint = fingerprint;
  e.tsNanos = tsNanos;
  e.frame = frame;
  store<u64>(changetype<usize>(e), rotl<u64>(load<u64>(left), 32), 24);
  store<u32>(changetype<usize>(e), rotl<u32>(load<u32>(left, 8), 16), 32);
  e.traversal = <u32>traversal;
  setOrdinary(e);
}

/**
 * Judges frame number `frame`, whose connection may be `ref` (as table.ts refers to them). Returns
 * the traversal that it repeated; 0: nothing was done. All but plain frames take the long way.
 */
@inline
export function goExpress(r: FrameRecord, ref: u32, frame: u64): usize {
  if (!r.plain) return 0;

  // the connection
  const conn = changetype<Conn>(ref & ~1);
  const dir = ref & 1;
  const proto = <u32>r.proto;
  if (!hasTuple(r, ref)) return 0;
  const kind = load<u64>(changetype<usize>(conn), KIND);
  if ((kind & KIND_ASKED) != (ANSWERED_V4 | <u64>proto)) return 0;
  const now = r.tsNanos;
  if (conn.expires <= now) return 0;

  // the way
  const went = wayWent(ref);
  const iface = <u32>r.iface;
  const ttl = <u32>r.ttl;
  const ipLen = r.ipLen;
  if (<u32>went.in != iface) return 0;
  if (ttl < <u32>went.leastTtl) return 0;
  if (ipLen > went.largest) return 0;
  if (isSeenBelow(iface, frame) && went.asksBelow) return 0;
  const tcpFlags = <u32>r.tcpFlags;
  const status = <u32>(kind >> KIND_STATUS);
  const ctValue = CT_ESTABLISHED | (status & IPS_NAT_MASK) | (dir * CT_VALUE_REPLY);
  const key = plainKey(ctValue, tcpFlags, ttl, r.tos, ipLen, ref & ~1);
  if (key != went.key) return 0;

  // its transport
  const l3 = <usize>r.l3;
  const l4 = l3 + IPV4_HEADER;
  const len = ipLen - IPV4_HEADER;
  const id: u32 = load<u16>(l3, IPV4_ID);
  let print: u64;
  if (proto == TCP) {
    if (len < TCP_HEADER) return 0;
    if (!isPlainAck(tcpFlags)) return 0;
    if (checksums && !isRightV4(l3, l4, len, TCP)) return 0;
    if (!followTcp(conn, kind, dir, l4, len, now)) return 0;
    print = tcpFingerprint(id, l4);
  } else {
    if (proto != UDP) return 0;
    if (len < UDP_HEADER) return 0;
    if (checksums && load<u16>(l4, UDP_CHECK) != 0 && !isRightV4(l3, l4, len, UDP)) return 0;
    if (!followUdp(conn, kind, l4, len, now)) return 0;
    print = udpFingerprint(id, l4, len, len);
  }

  const traversal = <usize>went.traversal;
  repeatTraversal(changetype<Traversal>(traversal), ipLen);
  predictTurned(ref, print, now, frame, traversal);
  return traversal;
}
