/**
 * Openings: what became of a connection's first packets, remembered for others like it. A host
 * under a scan, or a busy service, sees many connections that differ in nothing that a rule looks
 * at. What the rules, NAT and routing can tell of such a packet is the key:
 *
 *     classes of dst, dport, src and sport │ interface │ protocol │ volatile key │ led
 *     ─────────────────────────────────────┴───────────┴──────────┴──────────────┴──▶ traversal,
 *                                          and of a first packet: dst and dport that NAT gives it
 *
 * A class is what no rule (table/classify.ts) and no route (route/classes.ts) tells apart. What is
 * remembered was decided by the key alone: a walk that asked anything else about the packet, that
 * changed anything but the destination, or that drew a port is not. What differs between first
 * packets all the same, whether the answers' tuple is free, is asked again each time.
 *
 * A packet that follows, an answer above all, has a connection that knows where it goes: `led` has
 * the classes of what PREROUTING makes of its destination. From the second one in its direction on
 * its connection remembers the traversal itself (cached.ts).
 * The table of them is in openings.ts.
 */
import {
  CT_ESTABLISHED,
  CT_NEW,
  DIR_ORIGINAL,
  FAMILY_V4,
  FRAME_ETHERNET,
  FRAME_NO_IFACE,
  PACKET_HOST,
  REASON_POLICY,
  REASON_RULE,
  VERDICT_ACCEPT,
  VERDICT_DROP,
  VERDICT_REJECT,
} from '../abi';
import {
  CONN_PICKED_UP,
  CONN_REPLY_FREE,
  Conn,
  IPS_CONFIRMED,
  IPS_DST_NAT,
  IPS_NAT_DONE_MASK,
  IPS_NAT_MASK,
  IPS_SRC_NAT,
} from '../conntrack/conn';
import { markOf } from '../conntrack/extra';
import { isReplyFree } from '../conntrack/index';
import { ifaceAt, ifaceCount } from '../host';
import { GIVEN_DPORT, GIVEN_DST, outChanged } from '../nat/index';
import { Packet } from '../packet';
import { Traversal } from '../slot';
import { volatileKey } from '../table/index';
import { walkIsWhole } from '../traversal';
import { IPV4_HEADER } from '../wire/ipv4';
import { leaveAs, setWay } from './cached';
import { confirmConn } from './hooks';
import {
  attachOpeningTable,
  findOpening,
  isKeyWide,
  ledTo,
  NATURE_CONFIRMED,
  NATURE_ESTABLISHED,
  NATURE_NAT_SHIFT,
  NATURE_REPLY,
  newOpening,
  Opening,
} from './openings';
import { outcome, TOWARDS_ROUTED } from './outcome';
import { wayOf } from './way';

const TCP: u8 = 6;
const UDP: u8 = 17;
/** What may be said of a frame that no rule and no route asks about. */
const HARMLESS: u16 = <u16>(FRAME_ETHERNET | FRAME_NO_IFACE);

// What a connection that may be remembered has of Conn.status and Conn.flags besides.
const STATUS: u32 = IPS_CONFIRMED | IPS_DST_NAT | IPS_NAT_DONE_MASK;
const FLAGS: u8 = CONN_PICKED_UP | CONN_REPLY_FREE;

export let smallestMtu: u32 = 0;
/** Whether an opening is remembered of a segment from the middle of a connection, dropped. */
export let somePickUp: bool = false;

/** False when memory runs out. */
export function attachOpenings(): bool {
  smallestMtu = u32.MAX_VALUE;
  somePickUp = false;
  for (let id: u32 = 1; id <= ifaceCount(); id++) {
    const iface = ifaceAt(id);
    if (iface.mtu != 0) smallestMtu = min<u32>(smallestMtu, iface.mtu);
  }
  if (!attachOpeningTable()) return false;
  if (!isKeyWide()) smallestMtu = 0; // nothing is plain
  return true;
}

/**
 * After connection tracking: treats one of the first packets of a connection as the one before it
 * with the same key (outcome.cached and outcome.opened), else notes the key for rememberOpening().
 */
export function takeOpening(p: Packet): bool {
  if (!isPlain(p)) return false;
  const key = outcome.cacheKey != 0 ? outcome.cacheKey : volatileKey(p);
  if (key == 0) return false;
  const conn = changetype<Conn>(<usize>p.conn);
  const nature = natureOf(conn.status, p.ctDir, p.ctState);
  const ports = <u32>p.sport | (<u32>p.dport << 16);
  const led = ledBy(conn, p.ctDir);
  const found = findOpening(p.src, p.dst, ports, p.proto, p.in, key, nature, led);
  if (found == 0) {
    outcome.opening = 1;
    return false;
  }
  const e = changetype<Opening>(found);
  return nature == 0 ? repeat(p, conn, e) : follow(p, conn, e);
}

/** Whether the packet has a connection, and nothing that the key does not show. */
function isPlain(p: Packet): bool {
  if (p.conn == 0 || p.family != FAMILY_V4) return false;
  if (p.ctState != CT_NEW && p.ctState != CT_ESTABLISHED) return false;
  if (p.proto != TCP && p.proto != UDP) return false;
  if (p.flags & ~HARMLESS || p.pktType != PACKET_HOST) return false;
  if (p.asksConnection | p.ctZoneSet) return false;
  if (p.mark != 0) return false;
  if (p.ttl <= 1 || p.ipLen > smallestMtu || p.l4 - p.l3 != IPV4_HEADER) return false;
  return outcome.towards == TOWARDS_ROUTED && outcome.firstPhysIn == 0;
}

/** The key's part for what is known of the packet's connection, with this Conn.status. */
@inline
export function natureOf(status: u32, dir: u32, ctState: u32): u32 {
  if (!(status & IPS_CONFIRMED)) return 0;
  let nature = NATURE_CONFIRMED;
  if (dir != DIR_ORIGINAL) nature |= NATURE_REPLY;
  if (ctState == CT_ESTABLISHED) nature |= NATURE_ESTABLISHED;
  return nature | ((status & (IPS_NAT_MASK | IPS_NAT_DONE_MASK)) >> NATURE_NAT_SHIFT);
}

/** The key's part for where its connection leads a packet of direction `dir` in PREROUTING. */
@inline
export function ledBy(conn: Conn, dir: u32): u64 {
  if (dir == DIR_ORIGINAL) {
    return conn.status & IPS_DST_NAT ? ledTo(conn.replSrc, conn.replSport) : 0;
  }
  return conn.status & IPS_SRC_NAT ? ledTo(conn.origSrc, conn.origSport) : 0;
}

/** The destination of a packet to `dst` that begins a connection and goes the way of `e`. */
@inline
export function givenDst(e: Opening, dst: u32): u32 {
  return e.given & GIVEN_DST ? e.dst : dst;
}

@inline
export function givenDport(e: Opening, dport: u16): u16 {
  return e.given & GIVEN_DPORT ? e.dport : dport;
}

/** Whether what `e` stands for was translated like this packet: rules may tell the two apart. */
@inline
export function isGivenAlike(e: Opening, isTranslated: bool): bool {
  return isTranslated == ((e.status & IPS_DST_NAT) != 0);
}

/** Lets a packet that begins a connection go the way of `e`. False: it must find its own. */
function repeat(p: Packet, conn: Conn, e: Opening): bool {
  const dst = givenDst(e, p.dst);
  const dport = givenDport(e, p.dport);
  if (!isGivenAlike(e, p.dst != dst || p.dport != dport)) return false;
  if (e.isAccepted) {
    conn.replSrc = dst;
    conn.replSport = dport;
    if (!isReplyFree(conn, p.tsNanos)) {
      conn.replSrc = p.dst;
      conn.replSport = p.dport;
      return false; // its source port has to change
    }
    conn.status |= <u16>e.status;
    conn.flags |= CONN_REPLY_FREE;
    if (confirmConn(p) != VERDICT_ACCEPT) return false;
    leaveAs(p, conn);
  } else {
    p.dst = dst;
    p.dport = dport;
  }
  goAs(changetype<Traversal>(<usize>e.traversal));
  return true;
}

/** Lets a packet whose connection there is go the way of `e`. False: it must find its own. */
function follow(p: Packet, conn: Conn, e: Opening): bool {
  const t = changetype<Traversal>(<usize>e.traversal);
  if (outChanged(conn, p.ctDir, t.out)) return false;
  p.out = t.out;
  if (p.ctState == CT_ESTABLISHED) setWay(conn, p.ctDir, wayFor(e, outcome.cacheKey));
  leaveAs(p, conn);
  goAs(t);
  return true;
}

/** The Way of packets of established connections that go as `e`, whose volatile key is `key`. */
@inline
export function wayFor(e: Opening, key: u32): u32 {
  if (e.way == 0) e.way = wayOf(key, e.traversal);
  return e.way;
}

@inline
function goAs(t: Traversal): void {
  outcome.path = t.path;
  outcome.out = t.out;
  outcome.cached = <u32>changetype<usize>(t);
  outcome.opened = 1;
}

/** Remembers what became of a packet whose key takeOpening() noted. */
export function rememberOpening(p: Packet, traversal: usize): void {
  if (traversal == 0 || !walkIsWhole() || p.sideEffects | p.asksConnection) return;
  if (p.conn == 0) return;
  const conn = changetype<Conn>(<usize>p.conn);
  const t = changetype<Traversal>(traversal);
  const isFirst = outcome.began != 0 || !(conn.status & IPS_CONFIRMED);
  if (isFirst ? !isRepeatable(p, conn, t) : t.verdict != VERDICT_ACCEPT) return;
  const e = newOpening();
  e.traversal = <u32>traversal;
  e.status = conn.status & (IPS_DST_NAT | IPS_NAT_DONE_MASK);
  e.dst = p.dst;
  e.dport = p.dport;
  e.given = p.natGiven;
  e.way = 0;
  e.isAccepted = <u32>(t.verdict == VERDICT_ACCEPT);
  if (conn.flags & CONN_PICKED_UP && !e.isAccepted) somePickUp = true;
}

/** Whether nothing but the key decided what became of a packet that began a connection. */
function isRepeatable(p: Packet, conn: Conn, t: Traversal): bool {
  if (p.src != outcome.src || p.sport != outcome.sport) return false;
  if (conn.status & ~STATUS || conn.flags & ~FLAGS || markOf(conn) != 0) return false;
  const given = p.natGiven;
  if (!(given & GIVEN_DST) && p.dst != outcome.dst) return false;
  if (!(given & GIVEN_DPORT) && p.dport != outcome.dport) return false;
  if (t.verdict == VERDICT_ACCEPT) {
    return outcome.began != 0 && conn.replSrc == p.dst && conn.replSport == p.dport;
  }
  if (t.verdict != VERDICT_DROP && t.verdict != VERDICT_REJECT) return false;
  return t.reason == REASON_RULE || t.reason == REASON_POLICY;
}
