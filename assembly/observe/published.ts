/**
 * Undoing DNAT for a packet that was seen only behind it, on its way to a container: the rules tell
 * what it may have been sent to.
 *
 *     seen    8.8.8.8:41000 → 172.17.0.2:80, leaving docker0
 *     rule    -A DOCKER ! -i docker0 -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
 *     sent    8.8.8.8:41000 → 192.168.1.10:8080
 *
 * The answer is a guess: the first rule that leads there, and an address of the host where the rule
 * names none. Whether the packet then leaves as it was seen is for the caller to find out.
 */
import {
  CHAIN_SIZE,
  FAMILY_V4,
  RULE_SIZE,
  SECTION_BLOB,
  SECTION_CHAIN,
  SECTION_RULE,
  TABLE_NAT,
} from '../abi';
import {
  DIM_DPORT,
  DIM_DST,
  DIM_IN,
  DIM_PROTO,
  MATCH_ADDRESSES,
  MATCH_RANGES,
  MATCH_VALUES,
  TARGET_DNAT,
} from '../abi-rules';
import { internImageAddress } from '../address';
import { sectionCount, sectionPtr } from '../host';
import { Chain, Rule } from '../image';
import { Packet } from '../packet';
import { matchCount, matchDim, matchItems, matchKind, nextMatch } from '../table/record';
import { hasValue } from '../table/class-interval';

const PORT: usize = 4; // of a DNAT target's range, see nat/range.ts
const MAX_PORT: usize = 6;
const MIN_ADDRESS: usize = 16;
const MAX_ADDRESS: usize = 32;
const TARGET_HEAD: usize = 8;

/** What publishedAs() found; publishedDst 0: the rule names no address. */
export let publishedDst: u32 = 0;
export let publishedDport: u16 = 0;

/** Finds the first DNAT rule that leads a packet that came in by p.in to where this one goes. */
export function publishedAs(p: Packet): bool {
  for (let c: u32 = 0; c < sectionCount(SECTION_CHAIN); c++) {
    const chain = changetype<Chain>(sectionPtr(SECTION_CHAIN) + <usize>c * CHAIN_SIZE);
    if (chain.table != TABLE_NAT || chain.family != p.family) continue;
    for (let i: u32 = 0; i < chain.ruleCount; i++) {
      const at = sectionPtr(SECTION_RULE) + <usize>(chain.firstRule + i) * RULE_SIZE;
      if (leadsTo(changetype<Rule>(at), p)) return true;
    }
  }
  return false;
}

function leadsTo(rule: Rule, p: Packet): bool {
  const blob = sectionPtr(SECTION_BLOB);
  const target = blob + rule.target;
  if (load<u16>(target) != TARGET_DNAT) return false;
  const range = target + TARGET_HEAD;
  if (memory.compare(range + MIN_ADDRESS, range + MAX_ADDRESS, 16) != 0) return false;
  if (internImageAddress(p.family, range + MIN_ADDRESS) != p.dst) return false;
  const port = load<u16>(range, PORT);
  if (port != load<u16>(range, MAX_PORT) || (port != 0 && port != p.dport)) return false;
  publishedDst = 0;
  publishedDport = p.dport;
  let match = blob + rule.matches;
  for (let m: u32 = 0; m < <u32>rule.matchCount; m++, match = nextMatch(match)) {
    if (!allows(match, p)) return false;
  }
  return true;
}

/** Whether the match does not rule the packet out; takes the address and port that it asks for. */
function allows(match: usize, p: Packet): bool {
  const kind = matchKind(match);
  const dim = matchDim(match);
  const item = matchItems(match);
  if (kind == MATCH_VALUES) {
    if (dim == DIM_PROTO) return hasValue(match, p.proto);
    return dim != DIM_IN || hasValue(match, p.in);
  }
  if (kind == MATCH_RANGES && dim == DIM_DPORT && matchCount(match) == 1) {
    const low = load<u16>(item);
    const high = load<u16>(item, 2);
    if (publishedDport < low || publishedDport > high) publishedDport = low;
  }
  if (kind == MATCH_ADDRESSES && dim == DIM_DST && p.family == FAMILY_V4) {
    if (matchCount(match) == 1 && load<u32>(item, 4) == load<u32>(item, 20)) {
      publishedDst = load<u32>(item, 4);
    }
  }
  return true;
}
