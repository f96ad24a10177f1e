/** What is left of a rule when its conditions hold: matches that no class decides, in their order. */
import { FAMILY_V4 } from '../abi';
import {
  CT_ADDRESS_ORIG_DST,
  CT_ADDRESS_ORIG_SRC,
  CT_ADDRESS_REPL_SRC,
  RESIDUAL_ANY_PORT,
  RESIDUAL_CONNMARK,
  RESIDUAL_CT_ADDRESS,
  RESIDUAL_CT_EXPIRE,
  RESIDUAL_CT_PORT,
  RESIDUAL_CT_PROTO,
  RESIDUAL_DIMENSION,
  RESIDUAL_DST_MASK,
  RESIDUAL_HOTDROP,
  RESIDUAL_INVERT,
  RESIDUAL_LIMIT,
  RESIDUAL_MAC,
  RESIDUAL_MARK,
  RESIDUAL_NTH,
  RESIDUAL_RPFILTER,
  RESIDUAL_SRC_MASK,
  RESIDUAL_TYPE_ON_IFACE,
} from '../abi-match';
import { writeAddress } from '../address';
import { Conn } from '../conntrack/conn';
import { allocate } from '../memory';
import { Packet } from '../packet';
import { addressType } from '../route/addrtype';
import { rpfilterOk } from '../route/rpfilter';
import { CompiledRule } from './build';
import { valueIn } from './evaluate';
import { isAddressDimension } from './dimension';
import { limitAllows, nthAllows } from './ordered';

let scratch: usize = 0;

/** Whether all residual matches hold. A match that met a truncated header sets p.hotdrop. */
export function residualsHold(p: Packet, rule: CompiledRule): bool {
  let at = <usize>rule.residuals;
  for (let i: u32 = 0; i < rule.residualCount; i++) {
    const kind = <u32>load<u16>(at);
    const invert = (load<u16>(at, 2) & RESIDUAL_INVERT) != 0;
    if (!residualHolds(p, kind, invert, at + 8)) return false;
    at += 8 + <usize>load<u32>(at, 4);
  }
  return true;
}

function residualHolds(p: Packet, kind: u32, invert: bool, at: usize): bool {
  switch (kind) {
    case RESIDUAL_DIMENSION:
      return inRanges(p, load<u16>(at), load<u16>(at, 2), at + 8);
    case RESIDUAL_MARK:
      return ((p.mark & load<u32>(at, 4)) == load<u32>(at)) != invert;
    case RESIDUAL_CONNMARK: {
      if (p.conn == 0) return false;
      const mark = changetype<Conn>(<usize>p.conn).mark;
      return ((mark & load<u32>(at, 4)) == load<u32>(at)) != invert;
    }
    case RESIDUAL_MAC:
      p.sideEffects = 1;
      return macIs(p, at) != invert;
    case RESIDUAL_CT_ADDRESS:
    case RESIDUAL_CT_PORT:
    case RESIDUAL_CT_PROTO:
    case RESIDUAL_CT_EXPIRE:
      return connHolds(p, kind, invert, at);
    case RESIDUAL_SRC_MASK:
      return masked(p, p.src, at) != invert;
    case RESIDUAL_DST_MASK:
      return masked(p, p.dst, at) != invert;
    case RESIDUAL_TYPE_ON_IFACE: {
      const flags = load<u32>(at);
      const type = addressType(p.family, flags & 1 ? p.dst : p.src, flags & 2 ? p.out : p.in);
      return ((load<u32>(at, 4) >> type) & 1) != 0 != invert;
    }
    case RESIDUAL_RPFILTER:
      return rpfilterOk(p, load<u32>(at)) != invert;
    case RESIDUAL_ANY_PORT:
      return (portIn(p.sport, at) || portIn(p.dport, at)) != invert;
    case RESIDUAL_LIMIT:
      p.sideEffects = 1;
      return limitAllows(p, at);
    case RESIDUAL_NTH:
      p.sideEffects = 1;
      return nthAllows(at) != invert;
    case RESIDUAL_HOTDROP:
      if (p.l4 != 0 && p.l4Len < load<u32>(at)) p.hotdrop = 1;
      return p.hotdrop == 0;
    default:
      return false;
  }
}

function inRanges(p: Packet, dim: u32, ranges: u32, at: usize): bool {
  if (isAddressDimension(dim)) return false;
  const value = valueIn(p, dim);
  for (let i: u32 = 0; i < ranges; i++) {
    const r = at + <usize>i * 4;
    if (value >= <u32>load<u16>(r) && value <= <u32>load<u16>(r, 2)) return true;
  }
  return false;
}

function portIn(port: u32, at: usize): bool {
  const n = load<u32>(at);
  for (let i: u32 = 0; i < n; i++) {
    const r = at + 4 + <usize>i * 4;
    if (port >= <u32>load<u16>(r) && port <= <u32>load<u16>(r, 2)) return true;
  }
  return false;
}

function macIs(p: Packet, at: usize): bool {
  if (p.l2 == 0) return false;
  const source = <usize>p.l2 + 6;
  return load<u32>(source) == load<u32>(at) && load<u16>(source, 4) == load<u16>(at, 4);
}

function masked(p: Packet, handle: u32, at: usize): bool {
  if (p.family == FAMILY_V4) {
    return (bswap<u32>(handle) & load<u32>(at, 16)) == load<u32>(at);
  }
  if (scratch == 0) scratch = allocate(16);
  writeAddress(p.family, handle, scratch);
  return (
    (load<u64>(scratch) & load<u64>(at, 16)) == load<u64>(at) &&
    (load<u64>(scratch, 8) & load<u64>(at, 24)) == load<u64>(at, 8)
  );
}

/** Parts of -m conntrack that ask for more than state, direction and status (xt_conntrack.c). */
function connHolds(p: Packet, kind: u32, invert: bool, at: usize): bool {
  if (p.conn == 0) return false;
  const c = changetype<Conn>(<usize>p.conn);
  if (kind == RESIDUAL_CT_PROTO) return (<u32>c.proto == load<u32>(at)) != invert;
  if (kind == RESIDUAL_CT_EXPIRE) {
    p.sideEffects = 1;
    const left = c.expires > p.tsNanos ? <u32>((c.expires - p.tsNanos) / 1_000_000_000) : 0;
    return (left >= load<u32>(at) && left <= load<u32>(at, 4)) != invert;
  }
  const which = load<u32>(at);
  if (kind == RESIDUAL_CT_PORT) {
    let port: u32 = c.replDport;
    if (which == CT_ADDRESS_ORIG_SRC) port = c.origSport;
    else if (which == CT_ADDRESS_ORIG_DST) port = c.origDport;
    else if (which == CT_ADDRESS_REPL_SRC) port = c.replSport;
    return (port >= <u32>load<u16>(at, 4) && port <= <u32>load<u16>(at, 6)) != invert;
  }
  let address = c.replDst;
  if (which == CT_ADDRESS_ORIG_SRC) address = c.origSrc;
  else if (which == CT_ADDRESS_ORIG_DST) address = c.origDst;
  else if (which == CT_ADDRESS_REPL_SRC) address = c.replSrc;
  return masked(p, address, at + 4) != invert;
}
