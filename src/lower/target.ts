import * as abi from '../../assembly/abi-match.ts';
import * as rules from '../../assembly/abi-rules.ts';
import { prefixMask } from '../ruleset/address.ts';
import type { Target } from '../ruleset/target/index.ts';
import type { NatRange } from '../ruleset/target/nat.ts';
import type { Family } from '../ruleset/values.ts';
import type { Bytes } from './bytes.ts';
import { imageAddress } from './condition.ts';

// NF_NAT_RANGE_* of the kernel
const MAP_IPS = 1;
const PROTO_SPECIFIED = 2;
const PROTO_RANDOM = 4;
const PERSISTENT = 8;
const PROTO_RANDOM_FULLY = 16;
const PROTO_OFFSET = 32;
const NETMAP = 64;

export interface TargetContext {
  readonly family: Family;
  readonly goto: boolean;
  /** Number of a user chain of the same table, or undefined. */
  chain(name: string): number | undefined;
}

const NAT_KINDS = {
  DNAT: rules.TARGET_DNAT,
  SNAT: rules.TARGET_SNAT,
  MASQUERADE: rules.TARGET_MASQUERADE,
  REDIRECT: rules.TARGET_REDIRECT,
} as const;

function writeHead(out: Bytes, kind: number, argument = 0): void {
  out.u16(kind).u16(0).u32(argument);
}

function writeRange(out: Bytes, kind: number, range: NatRange, family: Family): void {
  let flags = 0;
  if (range.min !== null) flags |= MAP_IPS;
  if (range.ports !== null) flags |= PROTO_SPECIFIED;
  if (range.random) flags |= PROTO_RANDOM;
  if (range.persistent) flags |= PERSISTENT;
  if (range.randomFully) flags |= PROTO_RANDOM_FULLY;
  if (range.basePort !== null) flags |= PROTO_OFFSET;
  writeHead(out, kind);
  out
    .u32(flags)
    .u16(range.ports?.min ?? 0)
    .u16(range.ports?.max ?? 0);
  out
    .u16(range.basePort ?? 0)
    .u16(0)
    .u32(0);
  out.raw(imageAddress(range.min ?? 0n, family)).raw(imageAddress(range.max ?? 0n, family));
}

/** Writes a rule's target. False: it cannot be evaluated. */
export function lowerTarget(out: Bytes, target: Target | null, context: TargetContext): boolean {
  if (target === null) {
    writeHead(out, abi.TARGET_NONE);
    return true;
  }
  switch (target.kind) {
    case 'ACCEPT':
      writeHead(out, abi.TARGET_ACCEPT);
      return true;
    case 'DROP':
      writeHead(out, abi.TARGET_DROP);
      return true;
    case 'RETURN':
      writeHead(out, abi.TARGET_RETURN);
      return true;
    case 'QUEUE':
    case 'NFQUEUE':
      writeHead(out, abi.TARGET_QUEUE);
      return true;
    case 'jump': {
      const chain = context.chain(target.chain);
      if (chain === undefined) return false;
      writeHead(out, context.goto ? abi.TARGET_GOTO : abi.TARGET_JUMP, chain);
      return true;
    }
    case 'REJECT':
      writeHead(out, abi.TARGET_REJECT);
      return true;
    case 'LOG':
    case 'NFLOG':
    case 'ULOG':
    case 'TRACE':
    case 'CHECKSUM':
    case 'CLASSIFY':
    case 'TEE':
    case 'AUDIT':
      writeHead(out, abi.TARGET_CONTINUE);
      return true;
    case 'MARK':
      writeHead(out, abi.TARGET_MARK);
      out.u32(target.value).u32(target.mask);
      return true;
    case 'CONNMARK': {
      const kinds = {
        set: abi.TARGET_CONNMARK_SET,
        save: abi.TARGET_CONNMARK_SAVE,
        restore: abi.TARGET_CONNMARK_RESTORE,
      };
      const bits = target.shift?.bits ?? 0;
      writeHead(out, kinds[target.mode]);
      out.u32(target.value).u32(target.ctMask).u32(target.nfMask);
      out.u32(target.shift?.direction === 'right' ? -bits : bits);
      return true;
    }
    case 'CT':
      if (target.notrack) writeHead(out, abi.TARGET_NOTRACK);
      else if (target.zone !== null && target.zone.id !== 'mark') {
        writeHead(out, abi.TARGET_CT_ZONE, target.zone.id);
      } else writeHead(out, abi.TARGET_CONTINUE);
      return true;
    case 'TTL':
    case 'HL': {
      const kinds = {
        set: abi.TARGET_TTL_SET,
        inc: abi.TARGET_TTL_INC,
        dec: abi.TARGET_TTL_DEC,
      };
      writeHead(out, kinds[target.op], target.value);
      return true;
    }
    case 'TOS':
      writeHead(out, abi.TARGET_TOS, (target.value & 0xff) | ((target.mask & 0xff) << 8));
      return true;
    case 'DSCP':
      writeHead(out, abi.TARGET_TOS, ((target.value << 2) & 0xff) | (0xfc << 8));
      return true;
    case 'TCPMSS':
      writeHead(out, abi.TARGET_TCPMSS, target.mss === 'clamp' ? 0 : target.mss);
      return true;
    case 'DNAT':
    case 'SNAT':
    case 'MASQUERADE':
    case 'REDIRECT':
      writeRange(out, NAT_KINDS[target.kind], target.range, context.family);
      return true;
    case 'NETMAP': {
      const { address, prefixLen } = target.to;
      const top = context.family === 4 ? 0xffff_ffffn : (1n << 128n) - 1n;
      const mask = prefixLen === null ? target.to.mask : prefixMask(prefixLen, context.family);
      writeHead(out, rules.TARGET_NETMAP);
      out
        .u32(MAP_IPS | NETMAP)
        .u32(0)
        .u32(0)
        .u32(0);
      out.raw(imageAddress(address, context.family));
      out.raw(imageAddress(address | (top ^ mask), context.family));
      return true;
    }
    default:
      return false;
  }
}
