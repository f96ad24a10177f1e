/**
 * The netfilter hooks: at each, the base chains in order of priority, with connection tracking and
 * NAT between them where the kernel has them.
 *
 *     PREROUTING   raw -300  conntrack -200  mangle -150  nat (destination) -100
 *     INPUT                                  mangle -150  filter 0  security 50  nat (source) 100  confirm
 *     FORWARD                                mangle -150  filter 0  security 50
 *     OUTPUT       raw -300  conntrack -200  mangle -150  nat (destination) -100  filter 0  security 50
 *     POSTROUTING                            mangle -150  nat (source) 100  confirm
 *
 * iptables-nft registers security at 150, so in INPUT it comes after nat.
 */
import {
  CHAIN_SIZE,
  CT_INVALID,
  FAMILY_V4,
  HOOK_COUNT,
  HOOK_FORWARD,
  HOOK_INPUT,
  HOOK_OUTPUT,
  HOOK_POSTROUTING,
  HOOK_PREROUTING,
  IMAGE_CONNTRACK,
  IMAGE_CONNTRACK_V6,
  IMAGE_NFT_V4,
  IMAGE_NFT_V6,
  NONE,
  REASON_CONNTRACK,
  SECTION_CHAIN,
  TABLE_COUNT,
  TABLE_FILTER,
  TABLE_MANGLE,
  TABLE_NAT,
  TABLE_RAW,
  TABLE_SECURITY,
  VERDICT_ACCEPT,
  VERDICT_NAT,
} from '../abi';
import { Conn, IPS_CONFIRMED } from '../conntrack/conn';
import { confirm, trackPacket } from '../conntrack/index';
import { imageFlags, sectionCount, sectionPtr } from '../host';
import { Chain } from '../image';
import { allocate } from '../memory';
import { Packet } from '../packet';
import { evaluateChain, evaluatePlainly, isPlainChain } from '../table/index';
import { natHook } from './nat-hook';
import { outcome } from './outcome';

export const MANIP_SRC: u32 = 0;
export const MANIP_DST: u32 = 1;

const FAMILIES: u32 = 8; // values of a packet's family, most of them none

let base: usize = 0; // u32 chain id or NONE: [hook][table][family]
let natActive4: bool = false;
let natActive6: bool = false;
let tracking4: bool = false;
let tracking6: bool = false;

/** Counter id of the rule or policy that decided the packet's fate so far, or NONE. */
export let decidedBy: u32 = NONE;
export let decidedByPolicy: bool = false;

@inline
function baseSlot(family: u32, table: u32, hook: u32): usize {
  return base + <usize>((hook * TABLE_COUNT + table) * FAMILIES + family) * 4;
}

export function attachHooks(): bool {
  const slots: usize = HOOK_COUNT * TABLE_COUNT * FAMILIES;
  base = allocate(slots * 4);
  if (base == 0) return false;
  for (let i: usize = 0; i < slots; i++) store<u32>(base + i * 4, NONE);
  const chains = sectionPtr(SECTION_CHAIN);
  natActive4 = false;
  natActive6 = false;
  for (let i: u32 = 0; i < sectionCount(SECTION_CHAIN); i++) {
    const c = changetype<Chain>(chains + <usize>i * CHAIN_SIZE);
    if (<i32>c.hook >= HOOK_COUNT || <i32>c.table >= TABLE_COUNT) continue;
    if (<u32>c.family >= FAMILIES) continue;
    store<u32>(baseSlot(c.family, c.table, c.hook), i);
    if (c.table != TABLE_NAT) continue;
    if (c.family == FAMILY_V4) natActive4 = true;
    else natActive6 = true;
  }
  tracking4 = (imageFlags() & IMAGE_CONNTRACK) != 0;
  tracking6 = (imageFlags() & IMAGE_CONNTRACK_V6) != 0;
  return true;
}

@inline
export function isTracking(family: u32): bool {
  return family == FAMILY_V4 ? tracking4 : tracking6;
}

@inline
export function isNatActive(family: u32): bool {
  return family == FAMILY_V4 ? natActive4 : natActive6;
}

export function forgetDecision(): void {
  decidedBy = NONE;
  decidedByPolicy = false;
}

/** Walks the base chain of `table` at p.hook, if there is one. */
export function walkChain(p: Packet, table: u32): u32 {
  const chain = load<u32>(baseSlot(p.family, table, p.hook));
  if (chain == NONE) return VERDICT_ACCEPT;
  // the usual way first and by itself: nothing has to be kept while something else is called
  if (isPlainChain(p, chain)) return noteDecision(p, table, evaluatePlainly(p, chain));
  return walkOut(p, table, chain);
}

function walkOut(p: Packet, table: u32, chain: u32): u32 {
  return noteDecision(p, table, evaluateChain(p, chain));
}

@inline
function noteDecision(p: Packet, table: u32, verdict: u32): u32 {
  if (table == TABLE_FILTER || (verdict != VERDICT_ACCEPT && verdict != VERDICT_NAT)) {
    decidedBy = p.verdictCounter;
    decidedByPolicy = p.verdictIsPolicy != 0;
  }
  return verdict;
}

function track(p: Packet): u32 {
  if (isTracking(p.family)) return trackPacket(p);
  p.conn = 0;
  p.ctState = <u8>CT_INVALID;
  return VERDICT_ACCEPT;
}

/** PREROUTING up to and including connection tracking. */
export function preroutingRaw(p: Packet): u32 {
  p.hook = <u8>HOOK_PREROUTING;
  const v = walkChain(p, TABLE_RAW);
  return v == VERDICT_ACCEPT ? track(p) : v;
}

/** The rest of PREROUTING. */
export function preroutingRest(p: Packet): u32 {
  p.hook = <u8>HOOK_PREROUTING;
  const v = walkChain(p, TABLE_MANGLE);
  return v == VERDICT_ACCEPT ? natHook(p, MANIP_DST) : v;
}

/** PREROUTING of a packet that came back over the loopback: its connection is attached already. */
export function preroutingLoopback(p: Packet): u32 {
  p.hook = <u8>HOOK_PREROUTING;
  const v = walkChain(p, TABLE_RAW);
  return v == VERDICT_ACCEPT ? preroutingRest(p) : v;
}

export function inputHook(p: Packet): u32 {
  p.hook = <u8>HOOK_INPUT;
  let v = walkChain(p, TABLE_MANGLE);
  if (v == VERDICT_ACCEPT) v = walkChain(p, TABLE_FILTER);
  const native = isNative(p.family);
  if (v == VERDICT_ACCEPT && !native) v = walkChain(p, TABLE_SECURITY);
  if (v == VERDICT_ACCEPT) v = natHook(p, MANIP_SRC);
  if (v == VERDICT_ACCEPT && native) v = walkChain(p, TABLE_SECURITY);
  return v == VERDICT_ACCEPT ? confirmConn(p) : v;
}

/** Whether iptables-nft wrote the family's rules. */
@inline
function isNative(family: u32): bool {
  return (imageFlags() & (family == FAMILY_V4 ? IMAGE_NFT_V4 : IMAGE_NFT_V6)) != 0;
}

export function forwardHook(p: Packet): u32 {
  p.hook = <u8>HOOK_FORWARD;
  let v = walkChain(p, TABLE_MANGLE);
  if (v == VERDICT_ACCEPT) v = walkChain(p, TABLE_FILTER);
  if (v == VERDICT_ACCEPT) v = walkChain(p, TABLE_SECURITY);
  return v;
}

/** OUTPUT up to nat: what follows is after a possible re-routing. */
export function outputHookHead(p: Packet): u32 {
  p.hook = <u8>HOOK_OUTPUT;
  let v = walkChain(p, TABLE_RAW);
  if (v == VERDICT_ACCEPT) v = track(p);
  if (v == VERDICT_ACCEPT) v = walkChain(p, TABLE_MANGLE);
  return v == VERDICT_ACCEPT ? natHook(p, MANIP_DST) : v;
}

export function outputHookTail(p: Packet): u32 {
  p.hook = <u8>HOOK_OUTPUT;
  const v = walkChain(p, TABLE_FILTER);
  return v == VERDICT_ACCEPT ? walkChain(p, TABLE_SECURITY) : v;
}

export function postroutingHook(p: Packet): u32 {
  p.hook = <u8>HOOK_POSTROUTING;
  let v = walkChain(p, TABLE_MANGLE);
  if (v == VERDICT_ACCEPT) v = natHook(p, MANIP_SRC);
  return v == VERDICT_ACCEPT ? confirmConn(p) : v;
}

/** Confirms the packet's connection if need be (nf_confirm). */
export function confirmConn(p: Packet): u32 {
  if (p.conn == 0) return VERDICT_ACCEPT;
  const conn = changetype<Conn>(<usize>p.conn);
  if (conn.status & IPS_CONFIRMED) return VERDICT_ACCEPT;
  const v = confirm(p);
  if (v == VERDICT_ACCEPT) outcome.began = 1;
  else outcome.reason = <u8>REASON_CONNTRACK;
  return v;
}

