/**
 * What established.test.ts and handshake.test.ts drive; compiled by core.ts. One connection is
 * tracked the long way and a copy of it the short way.
 */
import { CONN_ZONE_ORIGINAL, Conn, IPS_CONFIRMED } from '../../assembly/conntrack/conn';
import { setStreamFrom, streamFrom } from '../../assembly/conntrack/conn';
import { windowOf } from '../../assembly/conntrack/conn';
import { attachEstablished, followTcp, followUdp, KIND } from '../../assembly/conntrack/established';
import { answerSyn, establishedBy } from '../../assembly/conntrack/handshake';
import { attachConntrack } from '../../assembly/conntrack/index';
import { TRACK_ACCEPT } from '../../assembly/conntrack/protocol';
import { trackTcp } from '../../assembly/conntrack/tcp';
import * as last from '../../assembly/conntrack/tcp-last';
import { TCP_NONE_SET } from '../../assembly/conntrack/tcp-table';
import * as sides from '../../assembly/conntrack/tcp-side';
import { trackUdp } from '../../assembly/conntrack/udp';
import { attachHost } from '../../assembly/host';
import { allocate } from '../../assembly/memory';
import { Packet } from '../../assembly/packet';

export { allocate } from '../../assembly/memory';

// What tracking a packet both ways found.
const LEFT_ALONE: u32 = 0; // the short way did nothing
const EQUAL: u32 = 1;
const TOUCHED: u32 = 2; // it did nothing, and yet changed the connection
const DIFFERENT: u32 = 3;

const FLAGS_SHIFT: u32 = 4; // in a side
const SIZE: usize = offsetof<Conn>();
let long: Conn = changetype<Conn>(0);
let short: Conn = changetype<Conn>(0);
let before: usize = 0;
let p: Packet = changetype<Packet>(0);

export function attach(image: usize): bool {
  long = changetype<Conn>(allocate(SIZE));
  short = changetype<Conn>(allocate(SIZE));
  before = allocate(SIZE);
  p = changetype<Packet>(allocate(offsetof<Packet>()));
  p.local = 1; // its checksum has been verified
  if (!attachHost(image) || !attachConntrack()) return false;
  attachEstablished();
  return true;
}

/** A confirmed connection; every byte that the functions below do not set is `filler`. */
export function begin(status: u32, state: u32, expires: u64, filler: u32): void {
  memory.fill(changetype<usize>(long), <u8>filler, SIZE);
  long.status = <u16>status | IPS_CONFIRMED;
  long.flags = CONN_ZONE_ORIGINAL;
  long.expires = expires;
  long.state = <u8>state;
}

export function setWindow(dir: u32, end: u32, maxEnd: u32, maxWin: u32, maxAck: u32): void {
  const window = windowOf(long, dir);
  window.end = end;
  window.maxEnd = maxEnd;
  window.maxWin = maxWin;
  window.maxAck = maxAck;
}

export function setSide(dir: u32, scale: u32, flags: u32): void {
  sides.setSide(long, dir, scale | (flags << FLAGS_SHIFT));
}

export function setLast(dir: u32, seq: u32, ack: u32, end: u32, win: u32, retrans: u32): void {
  last.setLast(long, TCP_NONE_SET, dir);
  last.setLastNumbers(long, seq, end);
  long.lastAck = ack;
  long.lastWin = <u16>win;
  long.retrans = <u8>retrans;
}

export function setStream(from: u64): void {
  setStreamFrom(long, from);
}

/** The packet whose transport header is at `l4`, with `len` bytes from there on. */
function arrive(l4: usize, len: u32, now: u64): void {
  p.l4 = <u32>l4;
  p.l4Cap = len;
  p.l4Len = len;
  p.tsNanos = now;
  memory.copy(changetype<usize>(short), changetype<usize>(long), SIZE);
  memory.copy(before, changetype<usize>(long), SIZE);
}

@inline
function kindOf(conn: Conn): u64 {
  return load<u64>(changetype<usize>(conn), KIND);
}

/** What both ways found; the connection is then as the long way left it. */
function compare(followed: bool, verdict: u32): u32 {
  const conn = changetype<usize>(short);
  if (!followed) return memory.compare(conn, before, SIZE) == 0 ? LEFT_ALONE : TOUCHED;
  if (verdict != TRACK_ACCEPT) return DIFFERENT;
  return memory.compare(conn, changetype<usize>(long), SIZE) == 0 ? EQUAL : DIFFERENT;
}

export function segment(dir: u32, l4: usize, len: u32, now: u64): u32 {
  arrive(l4, len, now);
  const followed = followTcp(short, establishedBy(kindOf(short), dir), dir, l4, len, now);
  return compare(followed, trackTcp(p, long, dir));
}

/** A segment of the reply direction that may answer a SYN. */
export function answer(l4: usize, len: u32, now: u64): u32 {
  arrive(l4, len, now);
  const followed = answerSyn(short, l4, len, now);
  return compare(followed, trackTcp(p, long, 1));
}

export function datagram(l4: usize, len: u32, now: u64): u32 {
  arrive(l4, len, now);
  const followed = followUdp(short, kindOf(short), l4, len, now);
  return compare(followed, trackUdp(p, long));
}

/** Writes the fields of the connection that went the short way, or the long one, as u64. */
export function describe(isShort: bool, out: usize): void {
  const conn = isShort ? short : long;
  let at = out;
  for (let dir: u32 = 0; dir < 2; dir++) {
    const window = windowOf(conn, dir);
    const side = sides.sideOf(conn, dir);
    store<u64>(at, window.end);
    store<u64>(at, window.maxEnd, 8);
    store<u64>(at, window.maxWin, 16);
    store<u64>(at, window.maxAck, 24);
    store<u64>(at, side & sides.SCALE, 32);
    store<u64>(at, side >> FLAGS_SHIFT, 40);
    at += 48;
  }
  store<u64>(at, last.lastIndexOf(conn));
  store<u64>(at, last.lastDirOf(conn), 8);
  store<u64>(at, last.lastSeqOf(conn), 16);
  store<u64>(at, conn.lastAck, 24);
  store<u64>(at, conn.lastEnd, 32);
  store<u64>(at, conn.lastWin, 40);
  store<u64>(at, conn.retrans, 48);
  store<u64>(at, conn.state, 56);
  store<u64>(at, conn.status, 64);
  store<u64>(at, conn.expires, 72);
  store<u64>(at, streamFrom(conn), 80);
}
