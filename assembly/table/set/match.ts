/** MATCH_SET: ip_set_test() of ip_set_core.c. */
import {
  SET_BYTES_OP_SHIFT,
  SET_ENTRY_ANY_MAC,
  SET_ENTRY_NOMATCH,
  SET_FIRST_NET,
  SET_HAS_COUNTERS,
  SET_HAS_SKBINFO,
  SET_LEARNS_MAC,
  SET_LIST,
  SET_NET_IFACE,
  SET_OP_EQ,
  SET_OP_GT,
  SET_OP_LT,
  SET_OP_NE,
  SET_PACKETS_OP_SHIFT,
  SET_RETURN_NOMATCH,
  SET_SECOND_NET,
  SET_SKIP_COUNTERS,
  SET_SKIP_SUBCOUNTERS,
  SET_VOLATILE,
} from '../../abi-rules';
import { findRecord } from '../../lookup/hash-table';
import { Packet } from '../../packet';
import { isInverted } from '../match/header';
import { matchPayload } from '../record';
import { applyPrefixes, NO_PREFIX, packetKey, takeMacOut } from './key';
import { SetEntry, SetRecord } from './layout';
import { prefixesAt } from './prefixes';
import { hasNet, isExpired, memberAt, setAt, setOfMember, setTimeout, stateOf } from './sets';

const NOMATCH: i32 = -1;
const OP_MASK: u32 = 15;
const OPS: u32 = (OP_MASK << SET_PACKETS_OP_SHIFT) | (OP_MASK << SET_BYTES_OP_SHIFT);

// The question at hand: which sides, how, and with which counters.
let sides: u32 = 0;
let sideCount: u32 = 0;
let flags: u32 = 0;
let packets: u64 = 0;
let bytes: u64 = 0;

/** Whether an entry had the key, though perhaps it does not answer for it. */
let wasFound: bool = false;

/** Mark and priority that the last test found (ip_set_get_skbinfo()); zeroes: none. */
export let foundMark: u32 = 0;
export let foundMarkMask: u32 = 0;
export let foundPriority: u32 = 0;

/** MATCH_SET */
export function setMatches(p: Packet, match: usize): bool {
  const at = matchPayload(match);
  sides = load<u32>(at, 4);
  sideCount = load<u32>(at, 8);
  flags = load<u32>(at, 12);
  if (flags & SET_VOLATILE || p.proto == 1 || p.proto == 58) p.sideEffects = 1;
  packets = load<u64>(at, 16);
  bytes = load<u64>(at, 24);
  return (test(p, load<u32>(at)) > 0) != isInverted(match);
}

/** Whether a set has the packet; its counters move, and what was found is kept. */
export function testForMap(p: Packet, index: u32, ofSides: u32, count: u32): bool {
  sides = ofSides;
  sideCount = count;
  flags = 0;
  foundMark = 0;
  foundMarkMask = 0;
  foundPriority = 0;
  return test(p, index) > 0;
}

/** 1: in the set, 0: not, NOMATCH: an exception of it. */
function test(p: Packet, index: u32): i32 {
  const set = setAt(index);
  if (set.kind == SET_LIST) return testMembers(p, set, index);
  if (sideCount < <u32>set.dimCount) return 0;
  if (set.family != 0 && set.family != p.family) return 0;
  const key = packetKey(p, set, sides);
  if (key == 0) return 0;
  const hasNets = (set.flags & (SET_FIRST_NET | SET_SECOND_NET)) != 0;
  if (!hasNets) return testKey(p, set, index, key);
  const result = testPrefixes(p, set, index, key);
  return flags & SET_RETURN_NOMATCH ? -result : result;
}

/** list_set_ktest(): the first member that has it. */
function testMembers(p: Packet, set: SetRecord, index: u32): i32 {
  const asked = flags;
  flags &= ~OPS;
  if (asked & SET_SKIP_SUBCOUNTERS) flags |= SET_SKIP_COUNTERS;
  let result = 0;
  for (let i: u32 = 0; i < set.entryCount && result == 0; i++) {
    const member = memberAt(stateOf(index), i);
    if (test(p, setOfMember(member)) <= 0) continue;
    const inner = flags;
    flags = asked;
    if (extensionsHold(p, set, member)) result = 1;
    flags = inner;
  }
  flags = asked;
  return result;
}

/** mtype_test_cidrs(): the longest prefixes first; the first entry found answers, if it may. */
function testPrefixes(p: Packet, set: SetRecord, index: u32, key: usize): i32 {
  const state = stateOf(index);
  for (let i: u32 = 0; i < state.prefixCount; i++) {
    const order = prefixesAt(state, i).order;
    applyPrefixes(
      p.family,
      set.flags & SET_FIRST_NET ? order >> 8 : NO_PREFIX,
      set.flags & SET_SECOND_NET ? order & 0xff : NO_PREFIX,
    );
    const result = testKey(p, set, index, key);
    if (result != 0) return result;
    // IP_SET_HASH_WITH_MULTI: the network with other interfaces ends the search.
    if (set.flags & SET_NET_IFACE && !wasFound && hasNet(state, key)) return 0;
  }
  return 0;
}

function testKey(p: Packet, set: SetRecord, index: u32, key: usize): i32 {
  const learns = (set.flags & SET_LEARNS_MAC) != 0;
  const mac = learns ? takeMacOut() : 0;
  const record = findRecord(stateOf(index), key);
  wasFound = record != 0;
  if (record == 0) return 0;
  const entry = changetype<SetEntry>(record);
  if (learns) {
    if (entry.flags & SET_ENTRY_ANY_MAC) {
      learnMac(p, set, entry, mac);
      return 1;
    }
    if (entry.mac != mac) return 0;
  }
  if (!extensionsHold(p, set, entry)) return 0;
  return entry.flags & SET_ENTRY_NOMATCH ? NOMATCH : 1;
}

/** bitmap_ipmac_do_add() with the MAC of the packet that asked; its timeout starts now. */
export function learnMac(p: Packet, set: SetRecord, entry: SetEntry, mac: u64): void {
  entry.flags &= ~SET_ENTRY_ANY_MAC;
  entry.mac = mac;
  setTimeout(entry, entry.timeout, p.tsNanos);
  initExtensions(p, set, entry);
}

/** ip_set_init_counter(), ip_set_init_skbinfo(): of an entry that a packet adds. */
export function initExtensions(p: Packet, set: SetRecord, entry: SetEntry): void {
  if (set.flags & SET_HAS_COUNTERS) {
    entry.packets = 1;
    entry.bytes = p.ipLen;
  }
  entry.mark = 0;
  entry.markMask = 0;
  entry.priority = 0;
}

/** ip_set_match_extensions(): counters move first, then they are compared. */
function extensionsHold(p: Packet, set: SetRecord, entry: SetEntry): bool {
  if (isExpired(set, entry, p.tsNanos)) return false;
  if (set.flags & SET_HAS_COUNTERS) {
    if (!(flags & SET_SKIP_COUNTERS)) {
      entry.packets++;
      entry.bytes += p.ipLen;
    }
    if (!compares(entry.packets, packets, (flags >> SET_PACKETS_OP_SHIFT) & OP_MASK)) return false;
    if (!compares(entry.bytes, bytes, (flags >> SET_BYTES_OP_SHIFT) & OP_MASK)) return false;
  }
  if (set.flags & SET_HAS_SKBINFO) {
    foundMark = entry.mark;
    foundMarkMask = entry.markMask;
    foundPriority = entry.priority;
  }
  return true;
}

function compares(value: u64, wanted: u64, op: u32): bool {
  if (op == SET_OP_EQ) return value == wanted;
  if (op == SET_OP_NE) return value != wanted;
  if (op == SET_OP_LT) return value < wanted;
  return op != SET_OP_GT || value > wanted;
}
