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
import type { LowerContext, LoweredMatch, MatchWriter } from './context.ts';

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

function protoMatches({ number, invert }: ProtocolMatch, context: LowerContext): LoweredMatch[] {
  if (number === 0) return invert ? [NEVER] : []; // any protocol
  const holds = (value: number) => (value === number) !== invert;
  // What is not the same for both: packets with FRAME_HEADERS.
  const flags = context.native && context.family === 6 ? MATCH_NATIVE : 0;
  const condition = context.state.remember(`${DIM_PROTO} ${number} ${invert} ${flags}`, () =>
    values(DIM_PROTO, context.host, holds, flags),
  );
  return [condition];
}

/** Writes the header's conditions; returns how many they are. */
export function lowerHeader(context: LowerContext, out: MatchWriter): number {
  const { family } = context;
  const { src, dst, in: input, out: output, proto, fragment } = context.rule;
  let count = 0;
  if (src !== null) {
    count += out.again(src) || out.first(src, [addressCondition(DIM_SRC, src, family)]);
  }
  if (dst !== null) {
    count += out.again(dst) || out.first(dst, [addressCondition(DIM_DST, dst, family)]);
  }
  if (input !== null) {
    count += out.again(input) || out.first(input, [interfaceCondition(DIM_IN, input, context)]);
  }
  if (output !== null) {
    count += out.again(output) || out.first(output, [interfaceCondition(DIM_OUT, output, context)]);
  }
  if (proto !== null) count += out.again(proto) || out.first(proto, protoMatches(proto, context));
  if (fragment !== null) {
    count += out.add([match(MATCH_FRAGMENT, new Uint8Array(0), fragment.invert)]);
  }
  return count;
}
