/** Rules: built once per image in shared memory, evaluated by every worker. See evaluate.ts. */
import { Packet } from '../packet';
import { buildAll } from './build';
import { attachClasses, forgetAddresses, forgetClasses } from './classify';
import { attachEvaluation, isPlain, walk, walkPlainly } from './evaluate';
import { ChainTable, Tables } from './layout';
import { attachKeys } from './set/key';
import { attachSets, noteTime } from './set/sets';
import { attachState } from './state';
import { attachVolatileKey, keyOf } from './volatile-key';

export { addressClassV4, portClassV4 } from './classify';
export {
  addAhead,
  addHeader,
  answerAhead,
  beginAhead,
  expectNext,
  QUESTIONS,
} from './cut-ahead';
export { isOdd } from './odd';
export { plainKey, withoutConntrack } from './volatile-key';

/** Builds the decision tables of the attached host's rules, for all workers; 0: out of memory. */
export function buildTables(): usize {
  return buildAll();
}

/** Makes this worker evaluate with `built`. Stateful matches begin anew. False: out of memory. */
export function attachTables(built: usize): bool {
  const tables = changetype<Tables>(built);
  return (
    attachClasses(tables) &&
    attachEvaluation(tables) &&
    attachVolatileKey(tables) &&
    attachState(tables.stateBytes) &&
    attachSets() &&
    attachKeys()
  );
}

/** A new packet is at hand. */
@inline
export function packetBegin(p: Packet): void {
  p.sideEffects = 0;
  p.asksConnection = 0;
  noteTime(p.tsNanos);
  forgetClasses();
}

/** NAT rewrote the packet's addresses or ports. */
@inline
export function addressesChanged(p: Packet): void {
  forgetAddresses();
}

/**
 * Walks a base chain (id). Returns VERDICT_ACCEPT, DROP, REJECT, QUEUE or NAT, and tells the
 * traversal of every rule and policy whose counters move.
 */
@inline
export function evaluateChain(p: Packet, chain: u32): u32 {
  return walk(p, chain);
}

/** Whether evaluatePlainly() does what evaluateChain() would. */
@inline
export function isPlainChain(p: Packet, chain: u32): bool {
  return isPlain(p, chain);
}

@inline
export function evaluatePlainly(p: Packet, chain: u32): u32 {
  return walkPlainly(p, chain);
}

/**
 * Key under which the walk of a packet of an established connection may be cached; 0: it may not.
 */
@inline
export function volatileKey(p: Packet): u32 {
  return keyOf(p);
}

/** STRUCTURE_* that was chosen for a chain: for tests and statistics. */
export function chainStructure(built: usize, chain: u32): u32 {
  const chains = <usize>changetype<Tables>(built).chains;
  return changetype<ChainTable>(chains + <usize>chain * offsetof<ChainTable>()).structure;
}
