/**
 * Targets that change the packet or its connection and let the walk go on. What no volatile key can
 * stand for (a header that leaves changed, state of a connection) is noted in p.sideEffects.
 */
import { CT_NEW, CT_UNTRACKED, FAMILY_V4, VERDICT_DROP } from '../abi';
import {
  CONNMARK_RESTORE,
  CONNMARK_SET,
  CT_TARGET_NOTRACK,
  CT_TARGET_ZONE_MARK,
  CT_TARGET_ZONE_ORIGINAL,
  CT_TARGET_ZONE_REPLY,
  TARGET_CLASSIFY,
  TARGET_CONNMARK,
  TARGET_CT,
  TARGET_DNPT,
  TARGET_HMARK,
  TARGET_MARK,
  TARGET_SET,
  TARGET_SNPT,
  TARGET_TCP_FLAGS,
  TARGET_TCPMSS,
  TARGET_TCPOPTSTRIP,
  TARGET_TOS,
  TARGET_TTL,
  TTL_DEC,
  TTL_SET,
} from '../abi-rules';
import { Conn } from '../conntrack/conn';
import { extraOf, hasTags, markOf } from '../conntrack/extra';
import { ZONE_CHOSEN, ZONE_ORIGINAL, ZONE_REPLY } from '../conntrack/zone';
import { ifaceAt } from '../host';
import { Packet } from '../packet';
import { applyHmark } from './hmark';
import { announcedMss } from './match/content';
import { translatePrefix } from './npt';
import { applySetTarget } from './set/target';

const GO_ON: u32 = 0;

/** Applies a target with its arguments; a verdict, or 0 when the walk goes on. */
export function applyTarget(p: Packet, target: u32, args: usize): u32 {
  switch (target) {
    case TARGET_MARK:
      p.mark = (p.mark & ~load<u32>(args)) ^ load<u32>(args, 4);
      return GO_ON;
    case TARGET_CONNMARK:
      connmark(p, args);
      return GO_ON;
    case TARGET_CLASSIFY:
      p.priority = load<u32>(args);
      return GO_ON;
    case TARGET_CT:
      track(p, args);
      return GO_ON;
    case TARGET_TTL:
      p.sideEffects = 1;
      changeTtl(p, args);
      return GO_ON;
    case TARGET_TOS:
      p.sideEffects = 1;
      p.tos = <u8>((p.tos & ~load<u32>(args)) ^ load<u32>(args, 4));
      return GO_ON;
    case TARGET_TCP_FLAGS:
      p.sideEffects = 1;
      if (p.fragOff == 0 && p.l4Len < TCP_HEADER) return VERDICT_DROP; // set_ect_tcp()
      p.tcpFlags = <u8>((p.tcpFlags & ~load<u32>(args)) ^ load<u32>(args, 4));
      return GO_ON;
    case TARGET_TCPMSS:
      p.sideEffects = 1;
      return clampMss(p, load<u32>(args));
    case TARGET_TCPOPTSTRIP:
      p.sideEffects = 1;
      return stripOptions(p, args);
    case TARGET_HMARK:
      p.sideEffects = 1;
      applyHmark(p, args);
      return GO_ON;
    case TARGET_SNPT:
    case TARGET_DNPT:
      p.sideEffects = 1;
      return translatePrefix(p, target, args) ? GO_ON : VERDICT_DROP;
    case TARGET_SET:
      p.sideEffects = 1;
      applySetTarget(p, args);
      return GO_ON;
    default:
      return GO_ON;
  }
}

/** As connmark_tg_shift() of xt_connmark.c. */
function connmark(p: Packet, args: usize): void {
  if (p.conn == 0) return;
  const conn = changetype<Conn>(<usize>p.conn);
  const mode = load<u32>(args);
  const ctMask = load<u32>(args, 8);
  const nfMask = load<u32>(args, 12);
  const old = markOf(conn);
  if (mode == CONNMARK_RESTORE) {
    p.mark = (p.mark & ~nfMask) ^ shifted(old & ctMask, args);
    return;
  }
  const mark =
    mode == CONNMARK_SET
      ? shifted((old & ~ctMask) ^ load<u32>(args, 4), args)
      : (old & ~ctMask) ^ shifted(p.mark & nfMask, args);
  if (mark == old) return;
  if (DEBUG) assert(hasTags); // must be, where there is such a rule
  extraOf(conn).mark = mark;
  p.sideEffects = 1;
}

function shifted(value: u32, args: usize): u32 {
  const left = load<u32>(args, 16);
  const right = load<u32>(args, 20);
  if (left > 31 || right > 31) return 0;
  return (value << left) >> right;
}

/** CT and NOTRACK: only packets that no connection and no such target has met (xt_ct_target). */
function track(p: Packet, args: usize): void {
  if (p.conn != 0 || p.ctState == CT_UNTRACKED || p.ctZoneSet != 0) return;
  const flags = load<u32>(args);
  if (flags & CT_TARGET_NOTRACK) {
    p.ctState = <u8>CT_UNTRACKED;
    return;
  }
  let directions = ZONE_CHOSEN;
  if (flags & CT_TARGET_ZONE_ORIGINAL) directions |= ZONE_ORIGINAL;
  if (flags & CT_TARGET_ZONE_REPLY) directions |= ZONE_REPLY;
  p.ctZoneSet = <u8>directions;
  p.ctZone = <u16>(flags & CT_TARGET_ZONE_MARK ? p.mark : load<u32>(args, 4));
  p.ctState = <u8>CT_NEW;
}

/** ttl_tg() of xt_HL.c: nothing stops at 0 or 255 but the value itself. */
function changeTtl(p: Packet, args: usize): void {
  const mode = load<u32>(args);
  const value = <i32>load<u32>(args, 4);
  let ttl = <i32>p.ttl;
  if (mode == TTL_SET) ttl = value;
  else ttl = mode == TTL_DEC ? ttl - value : ttl + value;
  p.ttl = <u8>max<i32>(0, min<i32>(255, ttl));
}

const TCP_HEADER: u32 = 20;
const TCP_HEADER_MAX: u32 = 60;
const TCPOPT_MSS: u64 = 2;
const TCPOLEN_MSS: u32 = 4;
const DEFAULT_MSS_V4: u32 = 536; // RFC 1122: what a SYN without the option allows
const DEFAULT_MSS_V6: u32 = 1220; // RFC 2460
const IPV6_HEADER: u32 = 40;
const IPV4_HEADER: u32 = 20;

/** As tcpmss_mangle_packet() of xt_TCPMSS.c; `mss` 0 clamps to the path MTU. */
function clampMss(p: Packet, mss: u32): u32 {
  if (p.fragOff != 0) return GO_ON;
  if (p.l4Len < TCP_HEADER || p.l4Cap < 13) return VERDICT_DROP;
  // An option that was added makes header and packet longer by as much.
  const added = p.mssAdded ? TCPOLEN_MSS : 0;
  const end = <u32>(load<u8>(<usize>p.l4 + 12) >> 4) * 4;
  if (end < TCP_HEADER || p.l4Len < end + added) return VERDICT_DROP;
  let wanted = mss;
  if (mss == 0) {
    const headers = (p.family == FAMILY_V4 ? IPV4_HEADER : IPV6_HEADER) + TCP_HEADER;
    const mtu = pathMtu(p);
    if (mtu <= headers) return VERDICT_DROP;
    wanted = mtu - headers;
  }
  const announced = announcedMss(p, end);
  if (announced >= 0) {
    if (<u32>announced > wanted) p.mss = <u16>wanted;
    return GO_ON;
  }
  if (p.l4Len > end || end >= TCP_HEADER_MAX) return GO_ON;
  p.mss = <u16>min<u32>(wanted, p.family == FAMILY_V4 ? DEFAULT_MSS_V4 : DEFAULT_MSS_V6);
  p.mssAdded = 1;
  p.ipLen += TCPOLEN_MSS;
  p.l4Len += TCPOLEN_MSS;
  return GO_ON;
}

/** As tcpoptstrip_mangle_packet() of xt_TCPOPTSTRIP.c: the options become no-operations. */
function stripOptions(p: Packet, options: usize): u32 {
  if (p.fragOff != 0) return GO_ON;
  if (p.l4Len < TCP_HEADER || p.l4Cap < 13) return VERDICT_DROP;
  const added = p.mssAdded ? TCPOLEN_MSS : 0;
  const end = <u32>(load<u8>(<usize>p.l4 + 12) >> 4) * 4;
  if (end < TCP_HEADER || p.l4Len < end + added) return VERDICT_DROP;
  p.stripped0 |= load<u64>(options);
  p.stripped1 |= load<u64>(options, 8);
  p.stripped2 |= load<u64>(options, 16);
  p.stripped3 |= load<u64>(options, 24);
  if ((load<u64>(options) >> TCPOPT_MSS) & 1) p.mss = 0;
  return GO_ON;
}

/** The smaller of the MTUs towards the destination and back to the source. */
function pathMtu(p: Packet): u32 {
  let mtu: u32 = 0xffff;
  if (p.out != 0) mtu = min<u32>(mtu, ifaceAt(p.out).mtu);
  if (p.in != 0) mtu = min<u32>(mtu, ifaceAt(p.in).mtu);
  return mtu;
}
