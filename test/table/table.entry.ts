/** Test entry: the tables alone, judged with hand-made packets. */
import { internImageAddress } from '../../assembly/address';
import { attachHost, counterTotal } from '../../assembly/host';
import { allocate } from '../../assembly/memory';
import { Packet } from '../../assembly/packet';
import { attachFib } from '../../assembly/route/fib';
import { Traversal } from '../../assembly/slot';
import { isKnown } from '../../assembly/table/cut-ahead';
import {
  addHeader,
  answerAhead,
  attachTables,
  beginAhead,
  buildTables,
  evaluateChain,
  expectNext,
  packetBegin,
  QUESTIONS,
} from '../../assembly/table/index';
import { ChainTable, CutTrees, Tables } from '../../assembly/table/layout';
import {
  attachTraversals,
  beginTraversal,
  endTraversal,
} from '../../assembly/traversal';

export { chainStructure, volatileKey } from '../../assembly/table/index';

let key: usize = 0;
let last: usize = 0;
let built: usize = 0;

export function alloc(bytes: usize): usize {
  return allocate(bytes);
}

/** Builds and attaches the tables of an image; 0 when something fails, else their address. */
export function attach(image: usize): usize {
  if (!attachHost(image) || !attachFib()) return 0;
  built = buildTables();
  if (built == 0 || !attachTables(built)) return 0;
  key = allocate(offsetof<Traversal>());
  return attachTraversals(counterTotal()) ? built : 0;
}

export function packetBytes(): usize {
  return offsetof<Packet>();
}

/** Fills a packet: addresses are pointers to 16 bytes; `bytes` are its `have` captured bytes. */
export function setAddresses(at: usize, family: u32, src: usize, dst: usize): void {
  const p = changetype<Packet>(at);
  p.family = <u8>family;
  p.src = internImageAddress(family, src);
  p.dst = internImageAddress(family, dst);
}

export function setTransport(at: usize, proto: u32, sport: u32, dport: u32, flags: u32): void {
  const p = changetype<Packet>(at);
  p.proto = <u8>proto;
  p.sport = <u16>sport;
  p.dport = <u16>dport;
  p.tcpFlags = <u8>flags;
}

export function setIcmp(at: usize, type: u32, code: u32): void {
  const p = changetype<Packet>(at);
  p.icmpType = <u8>type;
  p.icmpCode = <u8>code;
}

export function setPlace(at: usize, hook: u32, iface: u32, out: u32, physIn: u32, physOut: u32): void {
  const p = changetype<Packet>(at);
  p.hook = <u8>hook;
  p.in = <u16>iface;
  p.out = <u16>out;
  p.physIn = <u16>physIn;
  p.physOut = <u16>physOut;
}

export function setHeader(at: usize, ttl: u32, tos: u32, length: u32, fragOff: u32): void {
  const p = changetype<Packet>(at);
  p.ttl = <u8>ttl;
  p.tos = <u8>tos;
  p.ipLen = length;
  p.fragOff = <u16>fragOff;
}

export function setState(at: usize, ctState: u32, mark: u32, tsNanos: u64, frame: u64): void {
  const p = changetype<Packet>(at);
  p.ctState = <u8>ctState;
  p.mark = mark;
  p.tsNanos = tsNanos;
  p.frame = frame;
}

export function setBytes(at: usize, l3: usize, have: u32, l4Off: u32): void {
  const p = changetype<Packet>(at);
  p.l3 = <u32>l3;
  p.capLen = have;
  p.l4 = l4Off == 0 ? 0 : <u32>l3 + l4Off;
  p.l4Len = p.ipLen - l4Off;
  p.l4Cap = have - l4Off;
}

/** Begins a packet and walks one base chain with it. */
export function evaluate(at: usize, chain: u32): u32 {
  const p = changetype<Packet>(at);
  beginTraversal(p.ipLen);
  packetBegin(p);
  return evaluateChain(p, chain);
}

/**
 * Walks `chain` with each of `count` packets, whose trees are asked ahead as the replay does, and
 * stores at `out` for each u32 verdict, u32 counter that decided. Returns for how many the answer
 * of the trees of `asked` (a chain that every walk comes to first) was known when they came.
 */
export function evaluateAhead(
  packets: usize,
  count: u32,
  chain: u32,
  asked: u32,
  out: usize,
): u32 {
  const tables = <usize>changetype<Tables>(built).chains;
  const table = changetype<ChainTable>(tables + <usize>asked * offsetof<ChainTable>());
  const trees = changetype<CutTrees>(<usize>table.cuts);
  let known: u32 = 0;
  for (let i: u32 = 0; i < count; i += QUESTIONS) {
    const end = min<u32>(i + QUESTIONS, count);
    if (beginAhead()) {
      for (let k = i; k < end; k++) addHeader(v128.load(packets + <usize>k * offsetof<Packet>()));
      answerAhead();
    }
    for (let k = i; k < end; k++) {
      const at = packets + <usize>k * offsetof<Packet>();
      expectNext();
      packetBegin(changetype<Packet>(at));
      known += <u32>isKnown(changetype<Packet>(at), trees);
      store<u32>(out + (<usize>k << 3), evaluate(at, chain));
      store<u32>(out + (<usize>k << 3), decidedBy(at), 4);
    }
  }
  return known;
}

export function decidedBy(at: usize): u32 {
  return changetype<Packet>(at).verdictCounter;
}

export function markOf(at: usize): u32 {
  return changetype<Packet>(at).mark;
}

export function hadSideEffects(at: usize): u32 {
  return changetype<Packet>(at).sideEffects;
}

/** Number of counters that the last walk moved; hitList() points to {u32 id, i32 difference}. */
export function hitCount(): u32 {
  last = endTraversal(changetype<Traversal>(key), false);
  return changetype<Traversal>(last).hitCount;
}

export function hitList(): usize {
  return changetype<Traversal>(last).hits;
}

/** Walks `chain` with each of `count` packets, `rounds` times; returns a sum of the verdicts. */
export function evaluateMany(packets: usize, count: u32, chain: u32, rounds: u32): u32 {
  let sum: u32 = 0;
  for (let r: u32 = 0; r < rounds; r++) {
    for (let i: u32 = 0; i < count; i++) {
      sum += evaluate(packets + <usize>i * offsetof<Packet>(), chain);
    }
  }
  return sum;
}
