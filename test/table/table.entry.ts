/** Test entry: the tables alone, judged by hand-made packets. */
export { attachHost } from '../../assembly/host';
export { attachFib } from '../../assembly/route/fib';
import { internImageAddress } from '../../assembly/address';
import { allocate } from '../../assembly/memory';
import { Packet } from '../../assembly/packet';
import { Traversal } from '../../assembly/slot';
import {
  addressesChanged,
  attachTables,
  buildTables,
  chainStructure,
  evaluateChain,
  packetBegin,
  volatileKey,
} from '../../assembly/table/index';
import { counterTotal } from '../../assembly/host';
import {
  attachTraversals,
  beginTraversal,
  endTraversal,
  traversalAt,
} from '../../assembly/traversal';

export { addressesChanged, attachTables, buildTables, chainStructure, volatileKey };
export { internImageAddress };

export function alloc(bytes: usize): usize {
  return allocate(bytes);
}

let key: usize = 0;
let last: u32 = 0;

export function attachCounters(): bool {
  key = allocate(offsetof<Traversal>());
  return attachTraversals(counterTotal());
}

/** Number of counters that the last walk moved; hitList() points to {u32 id, i32 difference} pairs. */
export function hitCount(): u32 {
  last = endTraversal(changetype<Traversal>(key), false);
  return traversalAt(last - 1).hitCount;
}

export function hitList(): usize {
  return traversalAt(last - 1).hits;
}

export function packetBytes(): usize {
  return offsetof<Packet>();
}

/** Begins a packet and walks one base chain with it. */
export function evaluate(packet: usize, chain: u32): u32 {
  const p = changetype<Packet>(packet);
  beginTraversal(p.ipLen);
  packetBegin(p);
  return evaluateChain(p, chain);
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
