/**
 * Doors into the core for the benchmarks alone: compiled together with assembly/index.ts to a core
 * whose parts can be asked by themselves, many times in one call.
 */
import { HOOK_FORWARD, TABLE_FILTER } from '../../assembly/abi';
import { allocConn, find, link } from '../../assembly/conntrack/table';
import { Conn } from '../../assembly/conntrack/conn';
import { buildIntervalTrie, IntervalTrie, intervalOf } from '../../assembly/lookup/interval-trie';
import { KEY_BYTES, sortKeys } from '../../assembly/lookup/key';
import { beginStep, sealStepMap, stepMapBytes, stepOf } from '../../assembly/lookup/step-map';
import { allocate, clear } from '../../assembly/memory';
import { Packet } from '../../assembly/packet';
import { walkChain } from '../../assembly/pipeline/hooks';
import {
  addHeader,
  answerAhead,
  beginAhead,
  expectNext,
  packetBegin,
  QUESTIONS,
} from '../../assembly/table/index';
import { beginTraversal } from '../../assembly/traversal';

/** A tuple; bench/traffic/access-trace.ts. */
@unmanaged
class Header {
  src: u32;
  dst: u32;
  sport: u16;
  dport: u16;
  proto: u32;
}
const IP_LENGTH: u32 = 60;
const TRANSPORT_LENGTH: u32 = 40;
const FAMILY_V4: u8 = 4;
const NOW: u64 = 1_700_000_000_000_000_000;
/** Bytes that a Packet begins with. */
const PACKET_HEADER: usize = 16;

/** Bytes of a zeroed Packet, and as many of a TCP header without options. */
let packet: usize = 0;
let transport: usize = 0;

/**
 * Walks FORWARD of the filter table with `count` headers (what a Packet begins with), forwarded from
 * interface `from` to `to` (ids), and writes for each the id of the counter that decided, u32.
 */
export function classifyHeaders(headers: usize, count: u32, from: u32, to: u32, out: usize): void {
  if (packet == 0) {
    packet = allocate((offsetof<Packet>() + 15) & ~15);
    transport = allocate(TRANSPORT_LENGTH);
    store<u8>(transport, 0x50, 12);
  }
  const p = changetype<Packet>(packet);
  clear(packet, (offsetof<Packet>() + 15) & ~15);
  p.in = <u16>from;
  p.out = <u16>to;
  p.hook = <u8>HOOK_FORWARD;
  p.ipLen = IP_LENGTH;
  p.l4 = <u32>transport;
  p.l4Len = TRANSPORT_LENGTH;
  p.l4Cap = TRANSPORT_LENGTH;
  p.tsNanos = NOW;
  for (let i: u32 = 0; i < count; i += QUESTIONS) {
    const first = headers + <usize>i * PACKET_HEADER;
    const last = first + <usize>min<u32>(QUESTIONS, count - i) * PACKET_HEADER;
    askAhead(first, last);
    walkEach(p, first, last, out + (<usize>i << 2));
  }
}

/** Asks about the next headers, as the replay does about the next frames. */
function askAhead(first: usize, last: usize): void {
  if (!beginAhead()) return;
  for (let at = first; at < last; at += PACKET_HEADER) addHeader(v128.load(at));
  answerAhead();
}

function walkEach(p: Packet, first: usize, last: usize, out: usize): void {
  let to = out;
  for (let at = first; at < last; at += PACKET_HEADER) {
    v128.store(changetype<usize>(p), v128.load(at));
    beginTraversal(IP_LENGTH);
    expectNext();
    packetBegin(p);
    walkChain(p, TABLE_FILTER);
    store<u32>(to, p.verdictCounter);
    to += 4;
  }
}

/** A trie over `count` IPv4 addresses (u32) as the boundaries of intervals; 0: out of memory. */
export function addressTrie(addresses: usize, count: u32): usize {
  const keys = allocate(<usize>(count + 1) * KEY_BYTES);
  const scratch = allocate(<usize>(count + 1) * KEY_BYTES);
  if (keys == 0 || scratch == 0) return 0;
  for (let i: u32 = 0; i < count; i++) {
    const address = load<u32>(addresses + (<usize>i << 2));
    store<u64>(keys + <usize>(i + 1) * KEY_BYTES, <u64>address << 32);
  }
  return buildIntervalTrie(keys, sortKeys(keys, count + 1, scratch));
}

/** Looks `count` addresses (u32) up; returns the sum of the intervals. */
export function lookUpAddresses(trie: usize, addresses: usize, count: u32): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const address = load<u32>(addresses + (<usize>i << 2));
    sum += intervalOf(changetype<IntervalTrie>(trie), <u64>address << 32, 0);
  }
  return sum;
}

/** A map of ports whose classes begin at `count` of them (u16); 0: out of memory. */
export function portMap(ports: usize, count: u32): usize {
  const map = allocate(stepMapBytes(65536));
  if (map == 0) return 0;
  beginStep(map, 0);
  for (let i: u32 = 0; i < count; i++) beginStep(map, load<u16>(ports + (<usize>i << 1)));
  sealStepMap(map, 65536);
  return map;
}

/** Looks `count` ports (u16) up; returns the sum of the classes. */
export function lookUpPorts(map: usize, ports: usize, count: u32): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < count; i++) sum += stepOf(map, load<u16>(ports + (<usize>i << 1)));
  return sum;
}

/** Enters `count` connections with these tuples; false: out of memory. */
export function addConnections(tuples: usize, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    const h = changetype<Header>(tuples + <usize>i * offsetof<Header>());
    const conn = changetype<Conn>(allocConn(NOW));
    if (changetype<usize>(conn) == 0) return false;
    conn.family = FAMILY_V4;
    conn.proto = <u8>h.proto;
    conn.origSrc = h.src;
    conn.origDst = h.dst;
    conn.origSport = h.sport;
    conn.origDport = h.dport;
    conn.replSrc = h.dst;
    conn.replDst = h.src;
    conn.replSport = h.dport;
    conn.replDport = h.sport;
    conn.expires = NOW * 2; // no sweep takes it
    if (!link(conn)) return false;
  }
  return true;
}

/** Looks `count` tuples up; returns how many were found. */
export function findConnections(tuples: usize, count: u32): u32 {
  let found: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const h = changetype<Header>(tuples + <usize>i * offsetof<Header>());
    const conn = find(FAMILY_V4, h.proto, h.src, h.dst, h.sport, h.dport, 0, NOW);
    found += <u32>(conn != 0);
  }
  return found;
}
