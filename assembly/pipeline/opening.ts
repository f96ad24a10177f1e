/**
 * Openings: what became of the first packet of a connection, remembered for others like it. A host
 * under a scan, or a busy service, sees many connections that differ in nothing that a rule looks
 * at. What the rules, NAT and routing can tell of such a packet is the key:
 *
 *     classes of dst, dport, src and sport │ interface │ protocol │ volatile key
 *     ─────────────────────────────────────┴───────────┴──────────┴──▶ traversal, dst and dport
 *                                                                      that NAT gives it, if it does
 *
 * A class is what no rule (table/classify.ts) and no route (route/classes.ts) tells apart. What is
 * remembered was decided by the key alone: a walk that asked anything else about the packet, that
 * changed anything but the destination, or that drew a port is not. What differs between packets
 * all the same, whether the answers' tuple is free, is asked again each time.
 */
import {
  CT_NEW,
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
} from '../conntrack/conn';
import { isReplyFree } from '../conntrack/index';
import { ifaceAt, ifaceCount } from '../host';
import { allocate } from '../memory';
import { GIVEN_DPORT, GIVEN_DST } from '../nat/index';
import { Packet } from '../packet';
import { attachRouteClasses, routeClass, routeClasses } from '../route/classes';
import { Traversal } from '../slot';
import { destinationClasses, isOdd, plainKey, sourceClasses } from '../table/index';
import { walkIsWhole } from '../traversal';
import { leaveAs } from './cached';
import { confirmConn } from './hooks';
import { outcome, TOWARDS_ROUTED } from './outcome';

const TCP: u8 = 6;
const UDP: u8 = 17;
const PLAIN_HEADER: u32 = 20;
/** What may be said of a frame that no rule and no route asks about. */
const HARMLESS: u16 = <u16>(FRAME_ETHERNET | FRAME_NO_IFACE);
const MAX_ROUTE_CLASSES: u32 = 1 << 16;

const ENTRIES: u32 = 1 << 14; // by the hash of the key; the newer one stays

/** 64 bytes. */
@unmanaged
class Opening {
  where: u64;
  classes: u64;
  kind: u64; // never 0
  traversal: u32; // Traversal
  status: u32; // IPS_* that the connection got from NAT
  dst: u32; // as the packet leaves, where `given` says so; else as it came
  dport: u16;
  given: u16; // GIVEN_*
  pad1: u64;
  pad2: u64;
  pad3: u64;
}

// What a connection that may be remembered has of Conn.status and Conn.flags besides.
const STATUS: u32 = IPS_CONFIRMED | IPS_DST_NAT | IPS_NAT_DONE_MASK;
const FLAGS: u8 = CONN_PICKED_UP | CONN_REPLY_FREE;

let entries: usize = 0;
let smallestMtu: u32 = 0;
let asked: Opening = changetype<Opening>(0); // the key of the packet at hand
let place: Opening = changetype<Opening>(0); // where it is or would be

/** False when memory runs out. */
export function attachOpenings(): bool {
  entries = allocate(<usize>ENTRIES * offsetof<Opening>());
  asked = changetype<Opening>(allocate(offsetof<Opening>()));
  if (entries == 0 || changetype<usize>(asked) == 0) return false;
  smallestMtu = u32.MAX_VALUE;
  for (let id: u32 = 1; id <= ifaceCount(); id++) {
    const iface = ifaceAt(id);
    if (iface.mtu != 0) smallestMtu = min<u32>(smallestMtu, iface.mtu);
  }
  if (!attachRouteClasses()) return false;
  if (routeClasses() > MAX_ROUTE_CLASSES) smallestMtu = 0; // nothing is plain
  return true;
}

/**
 * After connection tracking: treats the first packet of a connection as the one before it with the
 * same key (outcome.cached and outcome.opened), else notes the key for rememberOpening().
 */
export function takeOpening(p: Packet): bool {
  if (!isPlain(p)) return false;
  const key = plainKey(CT_NEW, p.tcpFlags, p.ttl, p.tos, p.ipLen, 0);
  if (key == 0) return false;
  const where = destinationClasses(p) | (<u64>p.in << 48);
  const classes = sourceClasses(p) | (<u64>routeClass(p.src) << 48);
  const kind = <u64>key | (<u64>p.proto << 32) | (<u64>routeClass(p.dst) << 40);
  let h = (where ^ rotl<u64>(classes, 20)) * 0x9e3779b97f4a7c15;
  h = (h ^ (h >> 32) ^ kind) * 0xd6e8feb86659fd93;
  place = changetype<Opening>(entries + <usize>(h >> 50) * offsetof<Opening>());
  const e = place;
  if (e.where == where && e.classes == classes && e.kind == kind) return repeat(p, e);
  asked.where = where;
  asked.classes = classes;
  asked.kind = kind;
  outcome.opening = 1;
  return false;
}

/** Whether the packet begins a connection, and has nothing that the key does not show. */
function isPlain(p: Packet): bool {
  if (p.ctState != CT_NEW || p.conn == 0 || p.family != FAMILY_V4) return false;
  if (p.proto != TCP && p.proto != UDP) return false;
  if (p.flags & ~HARMLESS || p.pktType != PACKET_HOST) return false;
  if (p.sideEffects | p.asksConnection | p.ctZoneSet) return false;
  if (p.ctTemplate != 0 || p.mark != 0) return false;
  if (p.ttl <= 1 || p.ipLen > smallestMtu || p.l4 - p.l3 != PLAIN_HEADER) return false;
  if (outcome.towards != TOWARDS_ROUTED || outcome.firstPhysIn != 0) return false;
  return !(changetype<Conn>(<usize>p.conn).status & IPS_CONFIRMED) && !isOdd(p);
}

/** Lets the packet go the way of `e`. False: it must find its own. */
function repeat(p: Packet, e: Opening): bool {
  const t = changetype<Traversal>(<usize>e.traversal);
  const dst = e.given & GIVEN_DST ? e.dst : p.dst;
  const dport = e.given & GIVEN_DPORT ? e.dport : p.dport;
  const isTranslated = dst != p.dst || dport != p.dport;
  if (isTranslated != ((e.status & IPS_DST_NAT) != 0)) return false; // rules may tell the two apart
  if (t.verdict == VERDICT_ACCEPT) {
    const conn = changetype<Conn>(<usize>p.conn);
    conn.replSrc = dst;
    conn.replSport = dport;
    if (!isReplyFree(conn, p.tsNanos)) {
      conn.replSrc = p.dst;
      conn.replSport = p.dport;
      return false; // its source port has to change
    }
    conn.status |= e.status;
    conn.flags |= CONN_REPLY_FREE;
    if (confirmConn(p) != VERDICT_ACCEPT) return false;
    leaveAs(p, conn);
  } else {
    p.dst = dst;
    p.dport = dport;
  }
  outcome.path = t.path;
  outcome.out = t.out;
  outcome.cached = e.traversal;
  outcome.opened = 1;
  return true;
}

/** Remembers what became of a packet whose key takeOpening() noted. */
export function rememberOpening(p: Packet, traversal: usize): void {
  if (traversal == 0 || !walkIsWhole() || p.sideEffects | p.asksConnection) return;
  const t = changetype<Traversal>(traversal);
  const conn = changetype<Conn>(<usize>p.conn);
  if (p.conn == 0 || p.src != outcome.src || p.sport != outcome.sport) return;
  if (conn.status & ~STATUS || conn.flags & ~FLAGS || conn.mark != 0) return;
  const given = p.natGiven;
  if (!(given & GIVEN_DST) && p.dst != outcome.dst) return;
  if (!(given & GIVEN_DPORT) && p.dport != outcome.dport) return;
  if (t.verdict == VERDICT_ACCEPT) {
    if (!outcome.began || conn.replSrc != p.dst || conn.replSport != p.dport) return;
  } else {
    if (t.verdict != VERDICT_DROP && t.verdict != VERDICT_REJECT) return;
    if (t.reason != REASON_RULE && t.reason != REASON_POLICY) return;
  }
  const e = place;
  e.where = asked.where;
  e.classes = asked.classes;
  e.kind = asked.kind;
  e.traversal = <u32>traversal;
  e.status = conn.status & (IPS_DST_NAT | IPS_NAT_DONE_MASK);
  e.dst = p.dst;
  e.dport = p.dport;
  e.given = given;
}
