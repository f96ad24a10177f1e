/**
 * The express way: what most packets of a capture are (TCP or UDP over IPv4, whole, of a connection
 * that is answered and whose last packet went a way that may be repeated) is judged straight from
 * its frame record, in one go, without the packet under judgement being filled. All that is looked
 * at is checked first; a packet that differs in anything takes the long way (judge/) as if it had
 * never been here. Both ways come to the same: they share what they ask of (the volatile key,
 * windows, fingerprints), and cases that a kernel judged take both.
 */
import {
  CT_ESTABLISHED,
  DIRECTION_IN,
  FAMILY_V4,
  FRAME_ETHERNET,
  FRAME_NO_IFACE,
  IFACE_BRIDGE,
  IFACE_LOOPBACK,
  PACKET_HOST,
  PATH_FORWARD,
  SYSCTL_CT_CHECKSUM,
} from './abi';
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
import { hasCounters } from './conntrack/extra';
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
import { ifaceAt, ifaceCount, sysctl } from './host';
import { allocate } from './memory';
import { tcpFingerprint, udpFingerprint } from './observe/fingerprint';
import { nextPrediction } from './observe/pending';
import { FrameRecord } from './packet';
import { TOWARDS_ROUTED } from './pipeline/outcome';
import { Way } from './pipeline/way';
import { Traversal } from './slot';
import { plainKey } from './table/index';
import { repeatTraversal } from './traversal';
import { isRightV4 } from './wire/checksum';
import { IPV4_HEADER } from './wire/ipv4';
import { isSeenBelow } from './wire/index';

const TCP: u32 = 6;
const UDP: u32 = 17;
const WENT: usize = offsetof<Conn>('way0');
const IPV4_ID: usize = 4;
const UDP_CHECK: usize = 6;

/** What may be said of a frame without a word to rules or routes. */
const PLAIN_FLAGS: u64 = FRAME_ETHERNET | FRAME_NO_IFACE;

// What a frame record must say, as its words load: see packet.ts.
const FRAGMENT_AND_FAMILY: u64 = 0x00ffffff_00000000;
const WHOLE_V4: u64 = (<u64>FAMILY_V4) << 48;
const TYPE_DIRECTION_FLAGS: u64 = 0xffff00ff_ff000000 & ~(PLAIN_FLAGS << 48);
const RECEIVED: u64 = ((<u64>PACKET_HOST) << 24) | ((<u64>DIRECTION_IN) << 32);

// What the 8 bytes of a connection from `proto` on must say: protocol, family, status and no zone.
const ANSWERED: u64 = <u64>(IPS_CONFIRMED | IPS_SEEN_REPLY) << KIND_STATUS;
const ANSWERED_V4: u64 = ANSWERED | (<u64>FAMILY_V4 << 8);
const ALIVE: u64 = 0xffff | ANSWERED | (<u64>IPS_DYING << KIND_STATUS);
const KIND_ASKED: u64 = ALIVE | (<u64>(CONN_ZONE_ORIGINAL | CONN_ZONE_REPLY) << KIND_FLAGS);

// Whether packets that come in by an interface may go express.
const WAY_CLOSED: u8 = 0;
const WAY_OPEN: u8 = 1;
/** As long as no frame came in below: it may be one that was seen there before. */
const WAY_UPPERMOST: u8 = 2;

let ways: usize = 0; // u8 per interface: WAY_*
let largest: usize = 0; // u32 per interface: largest packet that leaves whole
let checksums: bool = true;

if (DEBUG) {
  assert(offsetof<FrameRecord>('l4Off') == 40 && offsetof<FrameRecord>('ttl') == 48);
  assert(offsetof<FrameRecord>('flags') == 54 && offsetof<FrameRecord>('src') == 28);
  assert(offsetof<Conn>('proto') == 24 && offsetof<Conn>('replSrc') == 12);
  assert(offsetof<Conn>('family') == KIND + 1 && offsetof<Conn>('way1') == WENT + 4);
}

/** False when memory runs out. */
export function attachExpress(): bool {
  ways = allocate(<usize>ifaceCount() + 1);
  largest = allocate((<usize>ifaceCount() + 1) * 4);
  if (ways == 0 || largest == 0) return false;
  if (hasCounters) return true; // every packet is counted, and that the long way does
  for (let id: u32 = 1; id <= ifaceCount(); id++) {
    const iface = ifaceAt(id);
    store<u32>(largest + (<usize>id << 2), iface.mtu == 0 ? u32.MAX_VALUE : iface.mtu);
    if (iface.kind == IFACE_LOOPBACK || iface.master != 0) continue; // WAY_CLOSED
    const hasBelow = iface.kind == IFACE_BRIDGE || iface.lower != 0;
    store<u8>(ways + id, hasBelow ? WAY_UPPERMOST : WAY_OPEN);
  }
  checksums = sysctl(SYSCTL_CT_CHECKSUM) != 0;
  return true;
}

@inline
function largestThrough(iface: u32): u32 {
  return load<u32>(largest + (<usize>iface << 2));
}

/** Whether frame number `frame`, which came in by `iface`, may go express. */
@inline
export function isWayOpen(iface: u32, frame: u64): bool {
  const way = load<u8>(ways + iface);
  return way == WAY_OPEN || (way != WAY_CLOSED && !isSeenBelow(iface, frame));
}

/**
 * Judges frame number `frame`, whose connection may be `ref` (as table.ts refers to them). Returns
 * the traversal that it repeated; 0: nothing was done. The connection is then in expressConn, the
 * direction of the packet the lowest bit of `ref`.
 */
@inline
export function goExpress(r: FrameRecord, ref: u32, frame: u64): usize {
  const record = changetype<usize>(r);
  const place = load<u64>(record, offsetof<FrameRecord>('l4Off'));
  const state = load<u64>(record, offsetof<FrameRecord>('ttl'));
  if ((place & FRAGMENT_AND_FAMILY) != WHOLE_V4) return 0;
  if ((state & TYPE_DIRECTION_FLAGS) != RECEIVED) return 0;
  if (r.fault != 0) return 0;
  const iface = <u32>(place >> 16) & 0xffff;
  if (!isWayOpen(iface, frame)) return 0;

  // the connection
  const conn = changetype<Conn>(ref & ~1);
  const dir = ref & 1;
  const tuples = changetype<usize>(conn);
  const tuple = tuples + <usize>(dir * 12);
  const proto = <u32>(place >> 56);
  if (load<u64>(tuple) != load<u64>(record, offsetof<FrameRecord>('src'))) return 0;
  if (load<u32>(tuple, 8) != load<u32>(record, offsetof<FrameRecord>('sport'))) return 0;
  const kind = load<u64>(tuples, KIND);
  if ((kind & KIND_ASKED) != (ANSWERED_V4 | <u64>proto)) return 0;
  const now = r.tsNanos;
  if (conn.expires <= now) return 0;
  const status = <u32>(kind >> KIND_STATUS);

  // the way its last packet went, in this direction
  const went = changetype<Way>(<usize>load<u32>(tuples + <usize>(dir << 2), WENT));
  if (changetype<usize>(went) == 0) return 0;
  const traversal = <usize>went.traversal;
  const t = changetype<Traversal>(traversal);
  if (t.in != <u16>iface) return 0;
  if (t.physIn != 0) return 0;
  if (t.flags != TOWARDS_ROUTED) return 0;
  const ttl = <u32>state & 0xff;
  const tcpFlags = <u32>(state >> 16) & 0xff;
  const ipLen = r.ipLen;
  const ctValue = CT_ESTABLISHED | (status & IPS_NAT_MASK) | (dir * CT_VALUE_REPLY);
  const key = plainKey(ctValue, tcpFlags, ttl, <u32>(state >> 8) & 0xff, ipLen, ref & ~1);
  if (key != went.key) return 0;
  if (key == 0) return 0;
  if (t.path == PATH_FORWARD) {
    if (ttl <= 1) return 0;
    if (ipLen > largestThrough(t.out)) return 0;
  }

  // its transport
  const l3 = <usize>r.l3;
  const l4Off = <u32>place & 0xffff;
  if (l4Off != IPV4_HEADER) return 0; // options: IP may refuse them
  if (ipLen < IPV4_HEADER) return 0;
  const l4 = l3 + l4Off;
  const len = ipLen - l4Off;
  let print: u64;
  if (proto == TCP) {
    if (len < TCP_HEADER) return 0;
    if (!isPlainAck(tcpFlags)) return 0;
    if (checksums && !isRightV4(l3, l4, len, TCP)) return 0;
    if (!followTcp(conn, kind, dir, l4, len, now)) return 0;
    print = tcpFingerprint(load<u16>(l3, IPV4_ID), l4);
  } else {
    if (proto != UDP) return 0;
    if (len < UDP_HEADER) return 0;
    if (checksums && load<u16>(l4, UDP_CHECK) != 0 && !isRightV4(l3, l4, len, UDP)) return 0;
    if (!followUdp(conn, kind, l4, len, now)) return 0;
    print = udpFingerprint(load<u16>(l3, IPV4_ID), l4, len, len);
  }

  repeatTraversal(t, ipLen);
  const e = nextPrediction();
  const left = tuples + <usize>((dir ^ 1) * 12); // the other tuple, turned round
  e.fingerprint = print;
  e.tsNanos = now;
  e.frame = frame;
  store<u64>(changetype<usize>(e), rotl<u64>(load<u64>(left), 32), 24);
  store<u32>(changetype<usize>(e), rotl<u32>(load<u32>(left, 8), 16), 32);
  e.traversal = <u32>traversal;
  e.copySrc = 0;
  e.seen = 0;
  e.cameBack = 0;
  e.conn = 0;
  return traversal;
}
