/**
 * Walks a base chain: finds the next rule whose conditions hold, evaluates what is left of it, counts
 * it and does what its target says (ipt_do_table, nft_do_chain).
 */
import {
  CHAIN_SIZE,
  FAMILY_V4,
  NONE,
  SECTION_CHAIN,
  VERDICT_DROP,
  VERDICT_NONE,
} from '../abi';
import {
  CT_KEY_ASSURED,
  CT_KEY_CONFIRMED,
  CT_KEY_DNAT,
  CT_KEY_EXPECTED,
  CT_KEY_REPLY,
  CT_KEY_SEEN_REPLY,
  CT_KEY_SNAT,
  DIM_BRIDGED,
  DIM_COUNT,
  DIM_CT,
  DIM_DPORT,
  DIM_DST,
  DIM_DST_TYPE,
  DIM_FRAGMENT,
  DIM_ICMP,
  DIM_IN,
  DIM_L4,
  DIM_LENGTH,
  DIM_OUT,
  DIM_PHYS_IN,
  DIM_PHYS_OUT,
  DIM_PKTTYPE,
  DIM_PROTO,
  DIM_SPORT,
  DIM_SRC,
  DIM_SRC_TYPE,
  DIM_TCP_FLAGS,
  DIM_TOS,
  DIM_TTL,
  L4_FULL,
  L4_NONE,
  L4_PORTS,
  L4_SHORT,
  TARGET_GOTO,
  TARGET_JUMP,
  TARGET_NONE,
  TARGET_RETURN,
} from '../abi-match';
import {
  Conn,
  IPS_ASSURED,
  IPS_CONFIRMED,
  IPS_DST_NAT,
  IPS_EXPECTED,
  IPS_SEEN_REPLY,
  IPS_SRC_NAT,
} from '../conntrack/conn';
import { sectionCount, sectionPtr } from '../host';
import { Chain } from '../image';
import { allocate } from '../memory';
import { Packet } from '../packet';
import { addressType } from '../route/addrtype';
import { hit } from '../traversal';
import {
  BITMAP,
  ChainTable,
  CompiledRule,
  compiledBytes,
  compiledRuleAt,
  conditionHolds,
  DimRows,
  LIST,
  Tables,
} from './build';
import { addressClass, dimensionAt, valueClass } from './dimension';
import { residualsHold } from './residual';
import { applyTarget } from './target';

const MAX_DEPTH: u32 = 512;

let tables: Tables = changetype<Tables>(0);
let stack: usize = 0; // {u32 chain, u32 next rule} per jump
// volatile dimensions that rules of each family test: {u32 dimension, u32 radix}; NONE: too many
let keyDims: usize = 0;
let keyCount4: u32 = 0;
let keyCount6: u32 = 0;
// classes of the packet's addresses, or NONE while they are not known
let srcClass: u32 = NONE;
let dstClass: u32 = NONE;

export function attachTables(image: usize, built: usize): bool {
  tables = changetype<Tables>(built);
  stack = allocate(MAX_DEPTH * 8);
  keyDims = allocate(2 * DIM_COUNT * 8);
  if (keyDims == 0) return false;
  keyCount4 = listKeyDims(FAMILY_V4, keyDims);
  keyCount6 = listKeyDims(6, keyDims + DIM_COUNT * 8);
  return stack != 0 && image != 0;
}

/** A new packet: forgets what was known of the last one. */
export function packetBegin(p: Packet): void {
  srcClass = NONE;
  dstClass = NONE;
  p.sideEffects = 0;
}

/** NAT changed the packet's addresses or ports. */
export function addressesChanged(p: Packet): void {
  srcClass = NONE;
  dstClass = NONE;
  p.hotdrop = 0;
}

function ctKey(p: Packet): u32 {
  if (p.conn == 0) return p.ctState;
  const status = changetype<Conn>(<usize>p.conn).status;
  let key: u32 = p.ctState;
  if (p.ctDir) key |= CT_KEY_REPLY;
  if (status & IPS_SRC_NAT) key |= CT_KEY_SNAT;
  if (status & IPS_DST_NAT) key |= CT_KEY_DNAT;
  if (status & IPS_SEEN_REPLY) key |= CT_KEY_SEEN_REPLY;
  if (status & IPS_ASSURED) key |= CT_KEY_ASSURED;
  if (status & IPS_CONFIRMED) key |= CT_KEY_CONFIRMED;
  if (status & IPS_EXPECTED) key |= CT_KEY_EXPECTED;
  return key;
}

function l4State(p: Packet): u32 {
  if (p.l4 == 0 || p.fragOff != 0) return L4_NONE;
  const full: u32 = p.proto == 6 ? 20 : 8;
  if (p.l4Len >= full) return L4_FULL;
  return p.l4Len >= 4 ? L4_PORTS : L4_SHORT;
}

/** The packet's value in a small dimension. */
export function valueIn(p: Packet, dim: u32): u32 {
  switch (dim) {
    case DIM_SPORT:
      return p.sport;
    case DIM_DPORT:
      return p.dport;
    case DIM_PROTO:
      return p.proto;
    case DIM_IN:
      return p.in;
    case DIM_OUT:
      return p.out;
    case DIM_PHYS_IN:
      return p.physIn;
    case DIM_PHYS_OUT:
      return p.physOut;
    case DIM_CT:
      return ctKey(p);
    case DIM_TCP_FLAGS:
      return p.tcpFlags;
    case DIM_ICMP:
      return (<u32>p.icmpType << 8) | p.icmpCode;
    case DIM_TTL:
      return p.ttl;
    case DIM_TOS:
      return p.tos;
    case DIM_LENGTH:
      return p.ipLen > 0xffff ? 0xffff : p.ipLen;
    case DIM_PKTTYPE:
      return p.pktType & 7;
    case DIM_L4:
      return l4State(p);
    case DIM_SRC_TYPE:
      return addressType(p.family, p.src, 0) & 15;
    case DIM_DST_TYPE:
      return addressType(p.family, p.dst, 0) & 15;
    case DIM_FRAGMENT:
      return p.fragOff != 0 ? 1 : 0;
    case DIM_BRIDGED:
      return p.bridged;
    default:
      return 0;
  }
}

/** The packet's class in a dimension that rules of its family test. */
export function classIn(p: Packet, dim: u32): u32 {
  const d = dimensionAt(tables.dimensions, p.family, dim);
  if (dim == DIM_SRC) {
    if (srcClass == NONE) srcClass = addressClass(d, p.family, p.src);
    return srcClass;
  }
  if (dim == DIM_DST) {
    if (dstClass == NONE) dstClass = addressClass(d, p.family, p.dst);
    return dstClass;
  }
  const value = valueIn(p, dim);
  return valueClass(d, value < d.domain ? value : 0);
}

function conditionsHold(p: Packet, rule: CompiledRule): bool {
  let at = <usize>rule.conditions;
  for (let i: u32 = 0; i < rule.conditionCount; i++) {
    if (!conditionHolds(at, classIn(p, load<u32>(at)))) return false;
    at += compiledBytes(at);
  }
  return true;
}

/** First rule of the chain, from number `from` on, whose conditions hold; its end if none. */
function nextRule(p: Packet, t: ChainTable, from: u32): u32 {
  if (t.structure == BITMAP) return nextInBitmap(p, t, from);
  if (t.structure == LIST) return nextInList(p, t, from);
  for (let i = from; i < t.ruleCount; i++) {
    if (conditionsHold(p, compiledRuleAt(tables.rules, t.firstRule + i))) return i;
  }
  return t.ruleCount;
}

@inline
function rowAt(p: Packet, t: ChainTable, k: u32): usize {
  const r = changetype<DimRows>(<usize>t.rows + <usize>k * offsetof<DimRows>());
  return load<u32>(<usize>r.rowOf + (<usize>classIn(p, r.dim) << 2));
}

function nextInBitmap(p: Packet, t: ChainTable, from: u32): u32 {
  if (from >= t.ruleCount) return t.ruleCount;
  let w = from >> 6;
  let word: u64 = ~(<u64>0) << (from & 63);
  const rest = t.ruleCount - (w << 6);
  if (rest < 64) word &= ((<u64>1 << rest) - 1);
  while (true) {
    for (let k: u32 = 0; k < t.dims && word != 0; k++) {
      word &= load<u64>(rowAt(p, t, k) + (<usize>w << 3));
    }
    if (word != 0) return (w << 6) + <u32>ctz<u64>(word);
    if (++w >= t.words) return t.ruleCount;
    const left = t.ruleCount - (w << 6);
    word = left < 64 ? (<u64>1 << left) - 1 : ~(<u64>0);
  }
}

/** Index of the first of `count` ascending numbers at `list` that is at least `from`. */
function lowerBound(list: usize, count: u32, from: u32): u32 {
  let low: u32 = 0;
  let high = count;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (load<u32>(list + (<usize>mid << 2)) < from) low = mid + 1;
    else high = mid;
  }
  return low;
}

function nextInList(p: Packet, t: ChainTable, from: u32): u32 {
  const starts = <usize>t.starts + (<usize>classIn(p, t.dims) << 2);
  const list = <usize>t.entries + (<usize>load<u32>(starts) << 2);
  const count = load<u32>(starts, 4) - load<u32>(starts);
  let a = lowerBound(list, count, from);
  let b = lowerBound(t.open, t.openCount, from);
  while (true) {
    const x = a < count ? load<u32>(list + (<usize>a << 2)) : t.ruleCount;
    const y = b < t.openCount ? load<u32>(<usize>t.open + (<usize>b << 2)) : t.ruleCount;
    const candidate = x < y ? x : y;
    if (candidate == t.ruleCount) return candidate;
    if (x < y) a++;
    else b++;
    if (conditionsHold(p, compiledRuleAt(tables.rules, t.firstRule + candidate))) return candidate;
  }
}

@inline
function chainTable(chain: u32): ChainTable {
  return changetype<ChainTable>(<usize>tables.chains + <usize>chain * offsetof<ChainTable>());
}

/** Walks base chain `chain` for the packet. VERDICT_*; who decided is in the packet. */
export function evaluateChain(p: Packet, chain: u32): u32 {
  let depth: u32 = 0;
  let current = chain;
  let from: u32 = 0;
  while (true) {
    const t = chainTable(current);
    const n = nextRule(p, t, from);
    let back = n >= t.ruleCount;
    if (!back) {
      const counter = t.firstRule + n;
      const rule = compiledRuleAt(tables.rules, counter);
      from = n + 1;
      if (rule.residualCount != 0 && !residualsHold(p, rule)) {
        if (p.hotdrop == 0) continue;
        p.verdictCounter = NONE;
        return VERDICT_DROP;
      }
      hit(p, counter);
      const kind = <u32>rule.targetKind;
      if (kind == TARGET_NONE) continue;
      if (kind == TARGET_JUMP || kind == TARGET_GOTO) {
        if (kind == TARGET_JUMP) {
          if (depth == MAX_DEPTH) return VERDICT_DROP;
          const frame = stack + (<usize>(depth++) << 3);
          store<u32>(frame, current);
          store<u32>(frame, from, 4);
        }
        current = rule.targetArg;
        from = 0;
        continue;
      }
      if (kind == TARGET_RETURN) {
        back = true;
      } else {
        const verdict = applyTarget(p, rule);
        if (verdict == VERDICT_NONE) continue;
        p.verdictCounter = counter;
        p.verdictIsPolicy = 0;
        return verdict;
      }
    }
    if (depth == 0) return applyPolicy(p, chain);
    const frame = stack + (<usize>--depth << 3);
    current = load<u32>(frame);
    from = load<u32>(frame, 4);
  }
}

function applyPolicy(p: Packet, chain: u32): u32 {
  const c = changetype<Chain>(sectionPtr(SECTION_CHAIN) + <usize>chain * CHAIN_SIZE);
  if (c.policyCounts) hit(p, c.policyCounter);
  p.verdictCounter = c.policyCounter;
  p.verdictIsPolicy = 1;
  return c.policy;
}

/** Dimensions that can differ between the packets of one direction of an established connection. */
@inline
function isVolatile(dim: u32): bool {
  switch (dim) {
    case DIM_CT:
    case DIM_TCP_FLAGS:
    case DIM_ICMP:
    case DIM_TTL:
    case DIM_TOS:
    case DIM_LENGTH:
    case DIM_PKTTYPE:
    case DIM_L4:
    case DIM_FRAGMENT:
      return true;
    default:
      return false;
  }
}

function listKeyDims(family: u32, to: usize): u32 {
  let product: u64 = 1;
  let count: u32 = 0;
  for (let dim: u32 = 0; dim < <u32>DIM_COUNT; dim++) {
    const classes = dimensionAt(tables.dimensions, family, dim).classes;
    if (classes == 0 || !isVolatile(dim)) continue;
    const radix: u32 = dim == DIM_TTL ? 256 : classes;
    product *= radix;
    if (product > 0xfffffff0) return NONE;
    store<u32>(to + <usize>count * 8, dim);
    store<u32>(to + <usize>count * 8, radix, 4);
    count++;
  }
  return count;
}

/**
 * The classes of everything that rules look at and that can differ between packets of one direction
 * of a connection, packed into one number; 0: do not cache. The TTL counts as itself, since it is
 * looked at before and after it was decremented.
 */
export function volatileKey(p: Packet): u32 {
  const v4 = p.family == FAMILY_V4;
  const count = v4 ? keyCount4 : keyCount6;
  if (count == NONE || p.mark != 0 || p.sideEffects != 0) return 0;
  if (changetype<Conn>(<usize>p.conn).mark != 0) return 0;
  let at = v4 ? keyDims : keyDims + DIM_COUNT * 8;
  let key: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const dim = load<u32>(at);
    key = key * load<u32>(at, 4) + (dim == DIM_TTL ? <u32>p.ttl : classIn(p, dim));
    at += 8;
  }
  return key + 1;
}

export function chainStructure(chain: u32): u32 {
  return chain < sectionCount(SECTION_CHAIN) ? chainTable(chain).structure : NONE;
}
