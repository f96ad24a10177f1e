/**
 * A tuple in the range that no connection has (get_unique_tuple() of nf_nat_core.c, Linux 6.18).
 * The tuple is in tuple.ts; `manip` (0: source, 1: destination) of it is mapped into the range.
 *
 * Where the kernel starts at a random port, this starts at a hash of the connection's original
 * tuple, so that the same input gives the same output; lastChosen() tells.
 */
import { FAMILY_V4 } from '../abi';
import { v6Bytes } from '../address';
import { firstOfSource, nextOfSource } from '../conntrack/by-source';
import {
  Conn,
  IPS_DYING,
  IPS_FIXED_TIMEOUT,
  IPS_NAT_MASK,
  IPS_SEQ_ADJUST,
  IPS_SRC_NAT,
  isGuessed,
  windowOf,
} from '../conntrack/conn';
import { ownZone, zoneOf } from '../conntrack/extra';
import { findRival, findZoned, foundDir, kill } from '../conntrack/table';
import { after } from '../conntrack/tcp-window';
import { TCP_SYN_SENT, TCP_TIME_WAIT } from '../conntrack/tcp-table';
import {
  invertTuple,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
  isIcmp,
  loadTuple,
  setTuple,
  tupleDport,
  tupleDst,
  tupleProto,
  tupleSport,
  tupleSrc,
} from '../conntrack/tuple';
import { chooseAddress } from './choose';
import {
  portInRange,
  RANGE_MAP_IPS,
  RANGE_PROTO_OFFSET,
  RANGE_PROTO_SPECIFIED,
  RANGE_RANDOM_ALL,
  rangeAddress,
  rangeBasePort,
  rangeFlags,
  rangeMaxPort,
  rangeMinPort,
  rangeSingle,
  sourceInRange,
} from './range';
import { hasTuplePorts } from '../wire/transport';

const MAX_ATTEMPTS: u32 = 128; // NF_NAT_MAX_ATTEMPTS
const HARDER_THRESHOLD: u32 = 32; // NF_NAT_HARDER_THRESH

let chosen: bool = false;

/** Whether the last mapping holds a choice that the kernel makes at random. */
export function lastChosen(): bool {
  return chosen;
}

/** Whether a connection other than `conn` has the inverse of the tuple (nf_nat_used_tuple). */
function isUsed(conn: Conn, now: u64): bool {
  invertTuple();
  const found = findRival(conn, 1, now);
  invertTuple();
  return found != 0 && found != changetype<usize>(conn);
}

/**
 * Whether what uses the unchanged tuple is the same conversation as its other end began it, without
 * NAT: a zone of one direction can hide it from look-ups. Another port would then be wrong
 * (nf_nat_used_tuple_new).
 */
function isTurnedRound(conn: Conn, now: u64): bool {
  if (tupleProto != IPPROTO_UDP && tupleProto != IPPROTO_UDPLITE) return false; // allow_clash
  const original = zoneOf(conn, 0);
  const reply = zoneOf(conn, 1);
  let found = findZoned(conn.family, original, reply, now);
  if (found == 0) {
    invertTuple();
    found = findZoned(conn.family, original, reply, now);
    invertTuple();
  }
  if (found == 0) return false;
  if (changetype<Conn>(found).status & (IPS_NAT_MASK | IPS_SEQ_ADJUST)) return false;
  const bytes = offsetof<Conn>('replSrc');
  return memory.compare(found, changetype<usize>(conn) + bytes, bytes) == 0;
}

/**
 * As isUsed(), but for the last few attempts a closed TCP connection makes room for a SYN with a
 * higher sequence number (nf_nat_used_tuple_harder).
 */
function isUsedHarder(conn: Conn, left: u32, now: u64): bool {
  if (left > HARDER_THRESHOLD || tupleProto != IPPROTO_TCP || conn.state != <u8>TCP_SYN_SENT) {
    return isUsed(conn, now);
  }
  invertTuple();
  const found = findRival(conn, 1, now);
  invertTuple();
  if (found == 0) return false;
  if (foundDir() == 0) return true;
  const other = changetype<Conn>(found);
  if (other.state < <u8>TCP_TIME_WAIT) return true;
  if (other.status & (IPS_FIXED_TIMEOUT | IPS_DYING)) return true;
  if (!(other.status & IPS_SRC_NAT)) return true;
  if (!after(windowOf(conn, 0).end, windowOf(other, 0).end)) return true;
  kill(other);
  return false;
}

/** Takes over a mapping that the tuple's source has, if in range (find_appropriate_src). */
function keepMapping(conn: Conn, now: u64): bool {
  const dst = tupleDst;
  const dport = tupleDport;
  const zone = zoneOf(conn, 0);
  const family: u32 = conn.family;
  let at = firstOfSource(family, tupleProto, tupleSrc, tupleSport, zone);
  for (; at != 0; at = nextOfSource(changetype<Conn>(at))) {
    const other = changetype<Conn>(at);
    if (other.expires <= now) continue; // the kernel may still see it, if not yet collected
    loadTuple(other, 1);
    invertTuple();
    setTuple(tupleSrc, dst, tupleSport, dport, tupleProto);
    if (!sourceInRange(family)) continue;
    chosen = isGuessed(other);
    return true;
  }
  return false;
}

/**
 * Maps the tuple in tuple.ts for `conn`. True: it is known that no other connection has it. It may
 * be used at the end: then confirm() drops.
 */
export function uniqueTuple(conn: Conn, manip: u32, now: u64): bool {
  chosen = false;
  const family: u32 = conn.family;
  const random = (rangeFlags & RANGE_RANDOM_ALL) != 0;
  const src = tupleSrc;
  const dst = tupleDst;
  const sport = tupleSport;
  const dport = tupleDport;
  const proto = tupleProto;

  // 1. Leave a source alone that is in range, or give it the mapping that it has.
  if (manip == 0 && !random) {
    if (sourceInRange(family)) {
      if (!isUsed(conn, now)) return true;
      if (isTurnedRound(conn, now)) return false;
    } else if (keepMapping(conn, now)) {
      if (!isUsed(conn, now)) return true;
    }
    setTuple(src, dst, sport, dport, proto);
  }

  // 2. The address.
  if (rangeFlags & RANGE_MAP_IPS) {
    const address = rangeSingle ? rangeAddress : chooseAddress(family, ownZone(conn), manip);
    if (manip == 0) setTuple(address, dst, sport, dport, proto);
    else setTuple(src, address, sport, dport, proto);
  }

  // 3. The port, when it has to change.
  if (!random) {
    if (rangeFlags & RANGE_PROTO_SPECIFIED) {
      if (!(rangeFlags & RANGE_PROTO_OFFSET) && portInRange(manip)) {
        if (rangeMinPort == rangeMaxPort) return false;
        if (!isUsed(conn, now)) return true;
      }
    } else if (!isUsed(conn, now)) {
      return true;
    }
  }
  return uniquePort(conn, manip, now);
}

/** Ports below 512 have meant privileges; each class is kept among its own. */
export function classLow(port: u32): u32 {
  return port < 512 ? 1 : port < 1024 ? 600 : 1024;
}

export function classHigh(port: u32): u32 {
  return port < 512 ? 511 : port < 1024 ? 1023 : 65535;
}

/** Looks for a free port or ICMP id (nf_nat_l4proto_unique_tuple). True: it is free. */
function uniquePort(conn: Conn, manip: u32, now: u64): bool {
  const icmp = isIcmp(tupleProto);
  if (!icmp && !hasTuplePorts(tupleProto)) return false; // GRE's key is for PPTP's helper
  const ofSource = icmp || manip == 0;
  const port = ofSource ? tupleSport : tupleDport;
  let low: u32;
  let size: u32;
  if (rangeFlags & RANGE_PROTO_SPECIFIED) {
    const ordered = icmp || rangeMinPort <= rangeMaxPort;
    low = ordered ? rangeMinPort : rangeMaxPort;
    size = (ordered ? rangeMaxPort : rangeMinPort) - low + 1;
    if (size == 0 || size > 65536) size = 65536; // an ICMP range the wrong way round
  } else if (icmp) {
    low = 0;
    size = 65536;
  } else {
    if (manip != 0) return false; // a destination keeps its port
    low = classLow(port);
    size = classHigh(port) - low + 1;
  }
  let offset: u32 = 0;
  if (rangeFlags & RANGE_PROTO_OFFSET) {
    offset = (port - rangeBasePort) & 0xffff;
  } else if (rangeFlags & RANGE_RANDOM_ALL || manip == 0) {
    offset = startOffset(conn, 0);
    if (size > 1) chosen = true;
  }
  let attempts = size < MAX_ATTEMPTS ? size : MAX_ATTEMPTS;
  let round: u32 = 1;
  while (true) {
    for (let i: u32 = 0; i < attempts; i++, offset = (offset + 1) & 0xffff) {
      const candidate = low + (offset % size);
      if (ofSource) setTuple(tupleSrc, tupleDst, candidate & 0xffff, tupleDport, tupleProto);
      else setTuple(tupleSrc, tupleDst, tupleSport, candidate & 0xffff, tupleProto);
      if (!isUsedHarder(conn, attempts - i, now)) return true;
    }
    if (attempts >= size || attempts < 16) return false;
    attempts /= 2;
    offset = startOffset(conn, round++);
    chosen = true;
  }
}

/** In place of the kernel's random number: a hash of the connection, the same in every run. */
function startOffset(conn: Conn, round: u32): u32 {
  let h: u64 = <u64>conn.origSport | (<u64>conn.origDport << 16) | (<u64>conn.proto << 32);
  h = mix(h, round);
  h = mixAddress(h, conn.family, conn.origSrc);
  h = mixAddress(h, conn.family, conn.origDst);
  return <u32>(h >> 48);
}

@inline
function mix(h: u64, value: u64): u64 {
  h = (h ^ value) * 0x9e3779b97f4a7c15;
  return h ^ (h >> 29);
}

/** Mixes in an address itself: its handle differs from worker to worker. */
function mixAddress(h: u64, family: u32, address: u32): u64 {
  if (family == FAMILY_V4) return mix(h, address);
  return mix(mix(h, load<u64>(v6Bytes(address))), load<u64>(v6Bytes(address), 8));
}
