/**
 * The prefix lengths that a set's entries have, kept as entries come and go: mtype_add_cidr() and
 * mtype_del_cidr() of ip_set_hash_gen.h. A packet's address is cut to each of them in turn.
 */
import { allocate } from '../../memory';
import { SetState } from './layout';

/** Prefix lengths that occur together; 0 for an address that has none. */
@unmanaged
export class Prefixes {
  order: u32; // first << 8 | second
  count: u32; // entries with both
}

const FIRST_ROOM: u32 = 8;

@inline
export function prefixesAt(state: SetState, index: u32): Prefixes {
  return changetype<Prefixes>(<usize>state.prefixes + <usize>index * offsetof<Prefixes>());
}

/** Counts an entry with these prefix lengths; the longest stay in front. False: out of memory. */
export function addPrefixes(state: SetState, first: u32, second: u32): bool {
  const order = (first << 8) | second;
  let place: u32 = 0;
  while (place < state.prefixCount && prefixesAt(state, place).order > order) place++;
  if (place < state.prefixCount && prefixesAt(state, place).order == order) {
    prefixesAt(state, place).count++;
    return true;
  }
  if (state.prefixCount == state.prefixRoom && !grow(state)) return false;
  const at = changetype<usize>(prefixesAt(state, place));
  memory.copy(at + offsetof<Prefixes>(), at, behind(state, place));
  state.prefixCount++;
  const added = changetype<Prefixes>(at);
  added.order = order;
  added.count = 1;
  return true;
}

/** An entry with these prefix lengths is gone. */
export function dropPrefixes(state: SetState, first: u32, second: u32): void {
  const order = (first << 8) | second;
  for (let i: u32 = 0; i < state.prefixCount; i++) {
    const prefixes = prefixesAt(state, i);
    if (prefixes.order != order) continue;
    if (--prefixes.count != 0) return;
    state.prefixCount--;
    const at = changetype<usize>(prefixes);
    memory.copy(at, at + offsetof<Prefixes>(), behind(state, i));
    return;
  }
}

/** Bytes of the prefixes from `place` on. */
@inline
function behind(state: SetState, place: u32): usize {
  return <usize>(state.prefixCount - place) * offsetof<Prefixes>();
}

function grow(state: SetState): bool {
  const room = state.prefixRoom == 0 ? FIRST_ROOM : state.prefixRoom * 2;
  const fresh = allocate(<usize>room * offsetof<Prefixes>());
  if (fresh == 0) return false;
  memory.copy(fresh, state.prefixes, <usize>state.prefixCount * offsetof<Prefixes>());
  state.prefixes = <u32>fresh;
  state.prefixRoom = room;
  return true;
}

/** Length with which the first address of a new entry is kept: the longest in the set. */
export function longestFirst(state: SetState, host: u32): u32 {
  return state.prefixCount == 0 ? host : prefixesAt(state, 0).order >> 8;
}

export function longestSecond(state: SetState, host: u32): u32 {
  if (state.prefixCount == 0) return host;
  let longest: u32 = 0;
  for (let i: u32 = 0; i < state.prefixCount; i++) {
    longest = max(longest, prefixesAt(state, i).order & 0xff);
  }
  return longest;
}
