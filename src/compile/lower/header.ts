/** The IP header part of a rule, which the kernel tests before any match. */
import {
  DIM_DST,
  DIM_IN,
  DIM_OUT,
  DIM_PROTO,
  DIM_SRC,
  MATCH_DST_MASK,
  MATCH_FRAGMENT,
  MATCH_NATIVE,
  MATCH_SRC_MASK,
} from '../../../assembly/abi-rules.ts';
import type { Host } from '../../host/host.ts';
import type { ProtocolMatch } from '../../ruleset/rule.ts';
import type { AddressMatch, Family, InterfaceMatch, InterfaceName } from '../../ruleset/values.ts';
import { ByteWriter } from './byte-writer.ts';
import { addresses, addressKey, match, NEVER, topAddress, values } from './condition.ts';
import type { LowerContext, LoweredMatch } from './context.ts';

/** Value and mask as keys: what the core's underMask() reads. */
export function maskPayload({ address, mask }: AddressMatch, family: Family): Uint8Array {
  const keys = [...addressKey(address, family), ...addressKey(mask, family)];
  return new ByteWriter().u64(...keys).toUint8Array();
}

function addressCondition(
  dim: typeof DIM_SRC | typeof DIM_DST,
  condition: AddressMatch,
  family: Family,
): LoweredMatch {
  const { address, mask, prefixLen, invert } = condition;
  if (prefixLen === null) {
    const kind = dim === DIM_SRC ? MATCH_SRC_MASK : MATCH_DST_MASK;
    return match(kind, maskPayload(condition, family), invert);
  }
  const range = { min: address, max: address | (mask ^ topAddress(family)) };
  return addresses(dim, range, invert, family);
}

/** Name of an interface id; the kernel compares with an empty name where there is no device. */
export function interfaceName(host: Host, id: number): string {
  return id === 0 ? '' : (host.interfaces[id - 1]?.name ?? '');
}

export function isNamed(pattern: InterfaceName, name: string): boolean {
  return pattern.wildcard ? name.startsWith(pattern.name) : name === pattern.name;
}

function interfaceCondition(
  dim: number,
  condition: InterfaceMatch,
  { host, state }: LowerContext,
): LoweredMatch {
  const { name, wildcard, invert } = condition;
  const holds = (id: number) => isNamed(condition, interfaceName(host, id)) !== invert;
  return state.remember(`${dim} ${name} ${wildcard} ${invert}`, () => values(dim, host, holds));
}

function protoCondition({ number, invert }: ProtocolMatch, context: LowerContext): LoweredMatch {
  const holds = (value: number) => (value === number) !== invert;
  // What is not the same for both: packets with FRAME_HEADERS.
  const flags = context.native && context.family === 6 ? MATCH_NATIVE : 0;
  return context.state.remember(`${DIM_PROTO} ${number} ${invert} ${flags}`, () =>
    values(DIM_PROTO, context.host, holds, flags),
  );
}

export function lowerHeader(context: LowerContext): LoweredMatch[] {
  const { rule, family, state } = context;
  const lowered: LoweredMatch[] = [];
  const { src, dst, in: input, out, proto } = rule;
  if (src !== null) {
    lowered.push(state.remember(src, () => addressCondition(DIM_SRC, src, family)));
  }
  if (dst !== null) {
    lowered.push(state.remember(dst, () => addressCondition(DIM_DST, dst, family)));
  }
  if (input !== null) {
    lowered.push(state.remember(input, () => interfaceCondition(DIM_IN, input, context)));
  }
  if (out !== null) {
    lowered.push(state.remember(out, () => interfaceCondition(DIM_OUT, out, context)));
  }
  if (proto !== null) {
    if (proto.number !== 0) {
      lowered.push(state.remember(proto, () => protoCondition(proto, context)));
    } else if (proto.invert) {
      lowered.push(NEVER);
    }
  }
  if (rule.fragment !== null) {
    lowered.push(match(MATCH_FRAGMENT, new Uint8Array(0), rule.fragment.invert));
  }
  return lowered;
}
