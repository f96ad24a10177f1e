/**
 * Where a packet enters the host: on the interface it came by, or, seen leaving, where it began.
 */
import {
  FAMILY_V4,
  FRAME_SNAPPED,
  PACKET_OTHERHOST,
  REASON_OTHERHOST,
  ROLE_IGNORE,
  STAT_UNVERIFIED_CHECKSUM,
  VERDICT_ACCEPT,
} from '../abi';
import { internV6 } from '../address';
import { Conn } from '../conntrack/conn';
import { kill, release } from '../conntrack/index';
import { isIcmp } from '../conntrack/tuple';
import { clear } from '../memory';
import { adopt } from '../observe/guess';
import { ambiguity, ORIGIN_FORWARDED, originOf, undone } from '../observe/outgoing';
import { FrameRecord, Packet } from '../packet';
import { bridgeOf, fromPort } from '../pipeline/bridged';
import { forgetDecision } from '../pipeline/hooks';
import { sendLocally } from '../pipeline/local';
import { outcome, resetOutcome } from '../pipeline/outcome';
import { receive } from '../pipeline/routed';
import { count } from '../stats';
import { packetBegin } from '../table/index';
import { beginTraversal } from '../traversal';
import { isInnerSeen } from '../wire/index';
import { conclude, hasGuess, ignoreAt } from './book';

/** Fills the worker's packet from a decoded frame. */
export function fill(p: Packet, r: FrameRecord, frame: u64): void {
  clear(changetype<usize>(p), (offsetof<Packet>() + 15) & ~15);
  p.family = r.family;
  if (r.family == FAMILY_V4) {
    p.src = r.src;
    p.dst = r.dst;
  } else {
    p.src = internV6(<usize>r.l3 + 8);
    p.dst = internV6(<usize>r.l3 + 24);
  }
  p.sport = r.sport;
  p.dport = r.dport;
  p.proto = r.proto;
  p.ttl = r.ttl;
  p.tos = r.tos;
  p.tcpFlags = r.tcpFlags;
  p.icmpType = r.icmp;
  p.pktType = r.pktType;
  p.ipLen = r.ipLen;
  p.flags = r.flags;
  p.l2 = r.l2;
  p.l3 = r.l3;
  p.capLen = r.capLen;
  p.fragOff = r.fragOff;
  p.vlan = r.vlan;
  p.tsNanos = r.tsNanos;
  p.frame = frame;
  const l4Off = <u32>r.l4Off;
  if (l4Off != 0) {
    p.l4 = r.l3 + l4Off;
    p.l4Len = r.ipLen > l4Off ? r.ipLen - l4Off : 0;
    p.l4Cap = r.capLen > l4Off ? r.capLen - l4Off : 0;
    if (p.l4Cap > p.l4Len) p.l4Cap = p.l4Len;
    if (p.l4Cap >= 2) p.icmpCode = load<u8>(<usize>p.l4, 1);
  }
  if (r.flags & FRAME_SNAPPED) count(STAT_UNVERIFIED_CHECKSUM);
}

/** Evaluates a packet that came in by `iface`. */
export function arrive(p: Packet, iface: u32, print: u64, result: usize): void {
  const bridge = bridgeOf(iface);
  if (bridge == 0 && p.pktType == PACKET_OTHERHOST) {
    return ignoreAt(result, REASON_OTHERHOST, ROLE_IGNORE, iface);
  }
  if (bridge != 0) {
    beginOnPort(p, iface);
    return conclude(p, fromPort(p, bridge), print, 0, result);
  }
  begin(p);
  p.in = <u16>iface;
  outcome.firstIn = p.in;
  conclude(p, receive(p), print, 0, result);
}

export function beginOnPort(p: Packet, port: u32): void {
  begin(p);
  p.physIn = <u16>port;
  outcome.firstPhysIn = p.physIn;
}

function begin(p: Packet): void {
  resetOutcome(p);
  forgetDecision();
  beginTraversal(p.ipLen);
  packetBegin(p);
}

/** A packet seen going out that no prediction accounts for: evaluated where it entered. */
export function leaving(p: Packet, r: FrameRecord, print: u64, result: usize): void {
  const frame = p.frame;
  const bridge = bridgeOf(r.iface);
  const out = <u16>(bridge != 0 ? bridge : r.iface);
  const src = p.src;
  const dst = p.dst;
  p.out = out;
  let verdict = enter(p, originOf(p, isInnerSeen(frame), true));
  let doubt = ambiguity;
  if (undone) {
    const left = verdict == VERDICT_ACCEPT && outcome.out == out;
    if (!left || p.src != src || p.dst != dst || p.dport != r.dport) {
      // the rules do not lead there after all: it was sent as it was seen
      takeBack(p);
      fill(p, r, frame);
      p.out = out;
      verdict = enter(p, originOf(p, isInnerSeen(frame), false));
      doubt = ambiguity;
    }
  }
  conclude(p, verdict, print, doubt, result);
}

/** Evaluates a packet that was seen leaving, from where it entered. */
function enter(p: Packet, origin: u32): u32 {
  if (origin == ORIGIN_FORWARDED) {
    p.out = 0;
    p.ttl = p.ttl == 255 ? 255 : p.ttl + 1;
    p.pktType = 0;
    p.l2 = 0;
    begin(p);
    outcome.firstIn = p.in;
    return receive(p);
  }
  const src = p.src;
  const sport = p.sport;
  p.local = 1;
  begin(p);
  const verdict = sendLocally(p);
  if (verdict == VERDICT_ACCEPT && outcome.began && hasGuess(p)) leaveAsSeen(p, src, sport);
  return verdict;
}

/** Forgets the connection that the packet at hand began. */
function takeBack(p: Packet): void {
  if (p.conn == 0) return;
  if (outcome.began) kill(changetype<Conn>(<usize>p.conn));
  else release(p);
}

/**
 * What the host sent is known only as it was seen leaving: whatever it was, this is its mapping.
 */
function leaveAsSeen(p: Packet, src: u32, sport: u16): void {
  const guessedSrc = p.src;
  const guessedSport = p.sport;
  p.src = src;
  p.sport = sport;
  if (isIcmp(p.proto)) p.dport = sport;
  if (adopt(changetype<Conn>(<usize>p.conn), p)) return;
  p.src = guessedSrc;
  p.sport = guessedSport;
  if (isIcmp(p.proto)) p.dport = guessedSport;
}
