/** What targets do to the packet, its connection and the walk. */
import {
  CT_NEW,
  CT_UNTRACKED,
  VERDICT_ACCEPT,
  VERDICT_DROP,
  VERDICT_NAT,
  VERDICT_NONE,
  VERDICT_QUEUE,
  VERDICT_REJECT,
} from '../abi';
import { TARGET_NETMAP } from '../abi-rules';
import {
  TARGET_ACCEPT,
  TARGET_CONNMARK_RESTORE,
  TARGET_CONNMARK_SAVE,
  TARGET_CONNMARK_SET,
  TARGET_CT_ZONE,
  TARGET_DROP,
  TARGET_MARK,
  TARGET_NOTRACK,
  TARGET_QUEUE,
  TARGET_REJECT,
  TARGET_TCPMSS,
  TARGET_TOS,
  TARGET_TTL_DEC,
  TARGET_TTL_INC,
  TARGET_TTL_SET,
} from '../abi-match';
import { Conn } from '../conntrack/conn';
import { Packet } from '../packet';
import { CompiledRule } from './build';

/** Carries out a rule's target: a verdict, or VERDICT_NONE to go on with the next rule. */
export function applyTarget(p: Packet, rule: CompiledRule): u32 {
  const at = <usize>rule.target;
  const kind = <u32>rule.targetKind;
  if (kind >= 1 && kind <= <u32>TARGET_NETMAP) {
    p.natKind = <u8>kind;
    p.natArgs = rule.target;
    return VERDICT_NAT;
  }
  switch (kind) {
    case TARGET_ACCEPT:
      return VERDICT_ACCEPT;
    case TARGET_DROP:
      return VERDICT_DROP;
    case TARGET_REJECT:
      p.rejectWith = <u8>rule.targetArg;
      return VERDICT_REJECT;
    case TARGET_QUEUE:
      return VERDICT_QUEUE;
    case TARGET_MARK:
      p.mark = (p.mark & ~load<u32>(at, 4)) ^ load<u32>(at);
      break;
    case TARGET_CONNMARK_SET:
    case TARGET_CONNMARK_SAVE:
    case TARGET_CONNMARK_RESTORE:
      connmark(p, kind, at);
      break;
    case TARGET_NOTRACK:
      if (p.conn == 0 && p.ctState == CT_NEW) p.ctState = <u8>CT_UNTRACKED;
      break;
    case TARGET_CT_ZONE:
      p.ctZone = <u16>rule.targetArg;
      p.ctZoneSet = 3; // both directions
      break;
    case TARGET_TTL_SET:
      p.ttl = <u8>rule.targetArg;
      break;
    case TARGET_TTL_INC:
      p.ttl = <u8>min<u32>(255, <u32>p.ttl + rule.targetArg);
      break;
    case TARGET_TTL_DEC:
      p.ttl = <u32>p.ttl > rule.targetArg ? <u8>(<u32>p.ttl - rule.targetArg) : 0;
      break;
    case TARGET_TOS:
      p.tos = (p.tos & ~(<u8>(rule.targetArg >> 8))) ^ <u8>rule.targetArg;
      break;
    case TARGET_TCPMSS:
      return clampMss(p);
    default:
      break;
  }
  return VERDICT_NONE;
}

/** {value, ctMask, nfMask, shift: bits, or -bits for the right}, as connmark_tg_shift(). */
function connmark(p: Packet, kind: u32, at: usize): void {
  if (p.conn == 0) return;
  p.sideEffects = 1;
  const c = changetype<Conn>(<usize>p.conn);
  const value = load<u32>(at);
  const ctMask = load<u32>(at, 4);
  const nfMask = load<u32>(at, 8);
  const shift = load<i32>(at, 12);
  if (kind == TARGET_CONNMARK_SET) {
    c.mark = shifted((c.mark & ~ctMask) ^ value, shift);
  } else if (kind == TARGET_CONNMARK_SAVE) {
    c.mark = (c.mark & ~ctMask) ^ shifted(p.mark & nfMask, shift);
  } else {
    p.mark = (p.mark & ~nfMask) ^ shifted(c.mark & ctMask, shift);
  }
}

function shifted(value: u32, shift: i32): u32 {
  if (shift == 0) return value;
  return shift < 0 ? value >> -shift : value << shift;
}

/** TCPMSS: a SYN without the option gets one, four bytes (xt_TCPMSS.c). */
function clampMss(p: Packet): u32 {
  p.sideEffects = 1;
  if (p.fragOff != 0 || p.l4 == 0) return VERDICT_NONE;
  if (p.l4Len < 20) return VERDICT_DROP;
  if (p.l4Cap < 20) return VERDICT_NONE;
  const header = <u32>(load<u8>(<usize>p.l4, 12) >> 4) * 4;
  if (header < 20 || header > p.l4Len) return VERDICT_DROP;
  let i: u32 = 20;
  while (i + 1 < header && i + 1 < p.l4Cap) {
    const kind = load<u8>(<usize>p.l4 + i);
    if (kind == 0) break;
    if (kind == 2) return VERDICT_NONE; // there: changed in place
    i += kind == 1 ? 1 : max<u32>(1, load<u8>(<usize>p.l4 + i, 1));
  }
  // none: data on the SYN or a full header leave no room for one
  if (p.mssAdded || p.l4Len > header || header >= 60) return VERDICT_NONE;
  p.mssAdded = 1;
  p.ipLen += 4;
  return VERDICT_NONE;
}
