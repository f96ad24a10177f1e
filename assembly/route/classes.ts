/**
 * Classes of IPv4 addresses that routing does not tell apart: the prefixes of all routes and policy
 * rules, and the addresses that have a meaning of their own, cut the address space into intervals.
 */
import {
  FAMILY_V4,
  POLICY_RULE_SIZE,
  ROUTE_SIZE,
  SECTION_POLICY_RULE,
  SECTION_ROUTE,
} from '../abi';
import { sectionCount, sectionPtr } from '../host';
import { POLICY_RULE_DST, POLICY_RULE_SRC, PolicyRule, ROUTE_DST, Route } from '../image';
import { buildIntervalTrie, IntervalTrie, intervalOf } from '../lookup/interval-trie';
import { KEY_BYTES, sortKeys } from '../lookup/key';
import { allocate } from '../memory';

/** This network, 127/8 and the host in it, multicast and all hosts, class E, broadcast. */
// biome-ignore format: a table
const MEANT: usize = memory.data<u32>([
  0x00000000, 0x00000001, 0x7f000000, 0x7f000001, 0x7f000002, 0x80000000,
  0xe0000000, 0xe0000001, 0xe0000002, 0xf0000000, 0xffffffff,
]);
const MEANT_COUNT: u32 = 11;

let trie: usize = 0;
let count: u32 = 0;
let keys: usize = 0;
let keyCount: u32 = 0;

/** Builds the classes of the attached host. False when memory runs out. */
export function attachRouteClasses(): bool {
  const routes = sectionCount(SECTION_ROUTE);
  const rules = sectionCount(SECTION_POLICY_RULE);
  const most = <usize>(MEANT_COUNT + 2 * routes + 4 * rules);
  keys = allocate(most * KEY_BYTES);
  const scratch = allocate(most * KEY_BYTES);
  if (keys == 0 || scratch == 0) return false;
  keyCount = 0;
  for (let i: u32 = 0; i < MEANT_COUNT; i++) cutAt(load<u32>(MEANT + (<usize>i << 2)));
  for (let i: u32 = 0; i < routes; i++) {
    const at = sectionPtr(SECTION_ROUTE) + <usize>i * ROUTE_SIZE;
    const route = changetype<Route>(at);
    if (<u32>route.family == FAMILY_V4) cutAround(at + ROUTE_DST, route.prefixLen);
  }
  for (let i: u32 = 0; i < rules; i++) {
    const at = sectionPtr(SECTION_POLICY_RULE) + <usize>i * POLICY_RULE_SIZE;
    const rule = changetype<PolicyRule>(at);
    if (<u32>rule.family != FAMILY_V4) continue;
    cutAround(at + POLICY_RULE_DST, rule.dstLen);
    cutAround(at + POLICY_RULE_SRC, rule.srcLen);
  }
  count = sortKeys(keys, keyCount, scratch);
  trie = buildIntervalTrie(keys, count);
  return trie != 0;
}

/** Number of classes. */
export function routeClasses(): u32 {
  return count;
}

/** The class of an address, below routeClasses(). */
@inline
export function routeClass(address: u32): u32 {
  return intervalOf(changetype<IntervalTrie>(trie), <u64>address << 32, 0);
}

function cutAt(address: u32): void {
  const at = keys + <usize>keyCount * KEY_BYTES;
  store<u64>(at, <u64>address << 32);
  store<u64>(at, 0, 8);
  keyCount++;
}

/**
 * Cuts where the prefix of `len` bits of the address at `at` (image form) begins and behind its
 * end.
 */
function cutAround(at: usize, len: u32): void {
  if (len == 0) return;
  const size: u32 = 1 << (32 - len);
  const first = bswap<u32>(load<u32>(at)) & ~(size - 1);
  cutAt(first);
  if (first + size != 0) cutAt(first + size);
}
