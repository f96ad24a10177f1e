import * as abi from '../../assembly/abi-match.ts';
import type { Host } from '../host/host.ts';
import type { ConntrackMatch } from '../ruleset/match/conntrack.ts';
import type { Match } from '../ruleset/match/index.ts';
import type { Rule } from '../ruleset/rule.ts';
import type { AddressMatch, Family, InterfaceMatch, NumberRange } from '../ruleset/values.ts';
import { Bytes } from './bytes.ts';
import { addresses, type Condition, imageAddress, numbers, values } from './condition.ts';

/** What a rule tests, in the order of the kernel: conditions, or residual matches with a payload. */
export type Test =
  | { readonly condition: Condition }
  | { readonly residual: number; readonly invert: boolean; readonly payload: Uint8Array };

export interface LowerContext {
  readonly host: Host;
  readonly family: Family;
  readonly legacy: boolean;
  /** Reasons why packets must be judged by one worker. */
  readonly ordered: Set<string>;
}

const NEVER: Test = { residual: abi.RESIDUAL_NEVER, invert: false, payload: new Uint8Array(0) };
const U8_TOP = 0xff;

function test(condition: Condition): Test {
  return { condition };
}

function residual(kind: number, invert: boolean, fill: (out: Bytes) => void): Test {
  const out = new Bytes();
  fill(out);
  return { residual: kind, invert, payload: out.toUint8Array() };
}

function addressTest(dim: number, maskKind: number, match: AddressMatch, family: Family): Test {
  const { address, mask, prefixLen, invert } = match;
  if (prefixLen === null) {
    return residual(maskKind, invert, (out) =>
      out.raw(imageAddress(address, family)).raw(imageAddress(mask, family)),
    );
  }
  const top = family === 4 ? 0xffff_ffffn : (1n << 128n) - 1n;
  return test(addresses(dim, { min: address, max: address | (top ^ mask) }, invert, family));
}

/** `+` alone, not inverted, holds even where there is no such interface. */
function interfaceTest(dim: number, match: InterfaceMatch, host: Host): Test {
  const holds = (name: string) =>
    match.wildcard ? name.startsWith(match.name) : name === match.name;
  return test(
    values(dim, host.interfaces.length + 1, (id) => {
      const name = id === 0 ? '' : (host.interfaces[id - 1]?.name ?? '');
      return holds(name) !== match.invert;
    }),
  );
}

/** The IP header part of a rule, which the kernel tests first. */
export function lowerHeader(rule: Rule, context: LowerContext): Test[] {
  const { family, host } = context;
  const out: Test[] = [];
  if (rule.src) out.push(addressTest(abi.DIM_SRC, abi.RESIDUAL_SRC_MASK, rule.src, family));
  if (rule.dst) out.push(addressTest(abi.DIM_DST, abi.RESIDUAL_DST_MASK, rule.dst, family));
  if (rule.in) out.push(interfaceTest(abi.DIM_IN, rule.in, host));
  if (rule.out) out.push(interfaceTest(abi.DIM_OUT, rule.out, host));
  if (rule.proto) {
    const { number, invert } = rule.proto;
    if (number !== 0) {
      out.push(test(numbers(abi.DIM_PROTO, [{ min: number, max: number }], invert, U8_TOP)));
    } else if (invert) out.push(NEVER);
  }
  if (rule.fragment) {
    const wanted = rule.fragment.invert ? 0 : 1;
    out.push(test(values(abi.DIM_FRAGMENT, 2, (value) => value === wanted)));
  }
  return out;
}

/** The transport header must be there; legacy drops a packet whose header is cut short. */
function header(bytes: number, whole: boolean, context: LowerContext): Test[] {
  if (context.legacy) {
    const present = test(values(abi.DIM_L4, 4, (value) => value !== abi.L4_NONE));
    return [present, residual(abi.RESIDUAL_HOTDROP, false, (out) => out.u32(bytes))];
  }
  const least = whole ? abi.L4_FULL : abi.L4_PORTS;
  return [test(values(abi.DIM_L4, 4, (value) => value >= least))];
}

function ports(dim: number, match: (NumberRange & { invert: boolean }) | null): Test[] {
  return match ? [test(numbers(dim, [match], match.invert))] : [];
}

const TYPES: readonly string[] = [
  'UNSPEC',
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'ANYCAST',
  'MULTICAST',
  'BLACKHOLE',
  'UNREACHABLE',
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
];

const STATES: Readonly<Record<string, number>> = {
  NEW: 0,
  ESTABLISHED: 1,
  RELATED: 2,
  INVALID: 3,
  UNTRACKED: 4,
};
const STATE_BITS = 7;
const INVALID = 3;

function stateHolds(key: number, wanted: readonly string[]): boolean {
  const tracked = (key & STATE_BITS) < INVALID;
  return wanted.some((state) => {
    if (state === 'SNAT') return tracked && (key & abi.CT_KEY_SNAT) !== 0;
    if (state === 'DNAT') return tracked && (key & abi.CT_KEY_DNAT) !== 0;
    return STATES[state] === (key & STATE_BITS);
  });
}

const STATUS_BITS: Readonly<Record<string, number>> = {
  EXPECTED: abi.CT_KEY_EXPECTED,
  SEEN_REPLY: abi.CT_KEY_SEEN_REPLY,
  ASSURED: abi.CT_KEY_ASSURED,
  CONFIRMED: abi.CT_KEY_CONFIRMED,
};

/**
 * xt_conntrack: a packet without an entry passes by its state test alone, and matches nothing when
 * the rule has none.
 */
function conntrack(match: ConntrackMatch, context: LowerContext): Test[] {
  const { states, statuses, direction } = match;
  const out: Test[] = [];
  const key = (holds: (value: number) => boolean) =>
    out.push(test(values(abi.DIM_CT, abi.CT_KEY_COUNT, holds)));
  key((value) => {
    const tracked = (value & STATE_BITS) < INVALID;
    if (states !== null && stateHolds(value, states.values) === states.invert) return false;
    if (!tracked) return states !== null;
    if (direction !== null && (direction === 'reply') !== ((value & abi.CT_KEY_REPLY) !== 0)) {
      return false;
    }
    if (statuses === null) return true;
    const bits = statuses.values.reduce((sum, name) => sum | (STATUS_BITS[name] ?? 0), 0);
    return ((value & bits) !== 0) !== statuses.invert;
  });
  const address = (which: number, wanted: AddressMatch | null) => {
    if (wanted === null) return;
    const { address: value, mask, invert } = wanted;
    out.push(
      residual(abi.RESIDUAL_CT_ADDRESS, invert, (bytes) =>
        bytes
          .u32(which)
          .raw(imageAddress(value, context.family))
          .raw(imageAddress(mask, context.family)),
      ),
    );
  };
  const port = (which: number, wanted: (NumberRange & { invert: boolean }) | null) => {
    if (wanted === null) return;
    out.push(
      residual(abi.RESIDUAL_CT_PORT, wanted.invert, (bytes) =>
        bytes.u32(which).u16(wanted.min).u16(wanted.max),
      ),
    );
  };
  if (match.proto) {
    const { number, invert } = match.proto;
    out.push(residual(abi.RESIDUAL_CT_PROTO, invert, (bytes) => bytes.u32(number)));
  }
  address(abi.CT_ADDRESS_ORIG_SRC, match.origSrc);
  address(abi.CT_ADDRESS_ORIG_DST, match.origDst);
  address(abi.CT_ADDRESS_REPL_SRC, match.replSrc);
  address(abi.CT_ADDRESS_REPL_DST, match.replDst);
  port(abi.CT_ADDRESS_ORIG_SRC, match.origSrcPorts);
  port(abi.CT_ADDRESS_ORIG_DST, match.origDstPorts);
  port(abi.CT_ADDRESS_REPL_SRC, match.replSrcPorts);
  port(abi.CT_ADDRESS_REPL_DST, match.replDstPorts);
  const { expire } = match;
  if (expire) {
    out.push(
      residual(abi.RESIDUAL_CT_EXPIRE, expire.invert, (bytes) =>
        bytes.u32(expire.min).u32(expire.max),
      ),
    );
  }
  return out;
}

const PACKET_TYPES = { unicast: 0, broadcast: 1, multicast: 2, otherhost: 3 } as const;
const NANOS_PER_SEC = 1_000_000_000n;

/** The tests of one match; null: this match cannot be evaluated. */
export function lowerMatch(match: Match, context: LowerContext): Test[] | null {
  switch (match.kind) {
    case 'comment':
      return [];
    case 'tcp': {
      const out = header(20, match.flags !== null || match.option !== null, context);
      out.push(...ports(abi.DIM_SPORT, match.srcPorts), ...ports(abi.DIM_DPORT, match.dstPorts));
      const { flags } = match;
      if (flags) {
        const holds = (value: number) => ((value & flags.mask) === flags.value) !== flags.invert;
        out.push(test(values(abi.DIM_TCP_FLAGS, 256, holds)));
      }
      return match.option ? null : out;
    }
    case 'udp':
    case 'udplite':
      return [
        ...header(8, false, context),
        ...ports(abi.DIM_SPORT, match.srcPorts),
        ...ports(abi.DIM_DPORT, match.dstPorts),
      ];
    case 'icmp':
    case 'icmp6': {
      const present = test(values(abi.DIM_L4, 4, (value) => value !== abi.L4_NONE));
      if (match.type === null) return match.invert ? [present, NEVER] : [present];
      const base = match.type << 8;
      const range = { min: base + match.codes.min, max: base + match.codes.max };
      return [present, test(numbers(abi.DIM_ICMP, [range], match.invert))];
    }
    case 'multiport': {
      const present = test(values(abi.DIM_L4, 4, (value) => value >= abi.L4_PORTS));
      if (match.side === 'source') {
        return [present, test(numbers(abi.DIM_SPORT, match.ports, match.invert))];
      }
      if (match.side === 'destination') {
        return [present, test(numbers(abi.DIM_DPORT, match.ports, match.invert))];
      }
      const either = residual(abi.RESIDUAL_ANY_PORT, match.invert, (out) => {
        out.u32(match.ports.length);
        for (const { min, max } of match.ports) out.u16(min).u16(max);
      });
      return [present, either];
    }
    case 'iprange': {
      const out: Test[] = [];
      const { src, dst } = match;
      if (src) out.push(test(addresses(abi.DIM_SRC, src, src.invert, context.family)));
      if (dst) out.push(test(addresses(abi.DIM_DST, dst, dst.invert, context.family)));
      return out;
    }
    case 'addrtype': {
      const out: Test[] = [];
      const { limitIn, limitOut } = match;
      for (const [dim, wanted] of [
        [abi.DIM_SRC_TYPE, match.srcTypes],
        [abi.DIM_DST_TYPE, match.dstTypes],
      ] as const) {
        if (wanted === null) continue;
        const mask = wanted.values.reduce((sum, name) => sum | (1 << TYPES.indexOf(name)), 0);
        if (limitIn || limitOut) {
          const flags = (dim === abi.DIM_DST_TYPE ? 1 : 0) | (limitOut ? 2 : 0);
          out.push(
            residual(abi.RESIDUAL_TYPE_ON_IFACE, wanted.invert, (bytes) =>
              bytes.u32(flags).u32(mask),
            ),
          );
        } else {
          out.push(test(values(dim, 16, (type) => (((mask >> type) & 1) !== 0) !== wanted.invert)));
        }
      }
      return out;
    }
    case 'conntrack':
      return conntrack(match, context);
    case 'state':
      return [
        test(
          values(
            abi.DIM_CT,
            abi.CT_KEY_COUNT,
            (key) => stateHolds(key, match.values) !== match.invert,
          ),
        ),
      ];
    case 'mark':
    case 'connmark': {
      const kind = match.kind === 'mark' ? abi.RESIDUAL_MARK : abi.RESIDUAL_CONNMARK;
      return [residual(kind, match.invert, (out) => out.u32(match.value).u32(match.mask))];
    }
    case 'mac':
      return [
        residual(abi.RESIDUAL_MAC, match.invert, (out) => {
          const bytes = new Uint8Array(8);
          new DataView(bytes.buffer).setBigUint64(0, BigInt(match.source) << 16n);
          out.raw(bytes);
        }),
      ];
    case 'physdev': {
      const out: Test[] = [];
      if (match.in) out.push(physical(abi.DIM_PHYS_IN, match.in, context.host));
      if (match.out) out.push(physical(abi.DIM_PHYS_OUT, match.out, context.host));
      const count = context.host.interfaces.length + 1;
      const { isIn, isOut, isBridged } = match;
      if (isIn !== null) out.push(test(values(abi.DIM_PHYS_IN, count, (id) => id > 0 === isIn)));
      if (isOut !== null) {
        out.push(test(values(abi.DIM_PHYS_OUT, count, (id) => id > 0 === isOut)));
      }
      if (isBridged !== null) {
        out.push(test(values(abi.DIM_BRIDGED, 2, (value) => (value === 1) === isBridged)));
      }
      return out;
    }
    case 'length':
      return [test(numbers(abi.DIM_LENGTH, [match], match.invert))];
    case 'ttl':
    case 'hl': {
      const { op, value, invert } = match;
      const holds = (ttl: number) => {
        if (op === 'lt') return ttl < value;
        if (op === 'gt') return ttl > value;
        return (ttl === value) !== invert;
      };
      return [test(values(abi.DIM_TTL, 256, holds))];
    }
    case 'tos': {
      const holds = (tos: number) => ((tos & match.mask) === match.value) !== match.invert;
      return [test(values(abi.DIM_TOS, 256, holds))];
    }
    case 'dscp':
      return [test(values(abi.DIM_TOS, 256, (tos) => (tos >> 2 === match.value) !== match.invert))];
    case 'pkttype': {
      const type = PACKET_TYPES[match.type];
      return [test(values(abi.DIM_PKTTYPE, 8, (value) => (value === type) !== match.invert))];
    }
    case 'rpfilter': {
      const flags = (match.loose ? 1 : 0) | (match.validMark ? 2 : 0) | (match.acceptLocal ? 4 : 0);
      return [residual(abi.RESIDUAL_RPFILTER, match.invert, (out) => out.u32(flags))];
    }
    case 'limit': {
      context.ordered.add('limit');
      const cost = (NANOS_PER_SEC * BigInt(match.rate.unitSec)) / BigInt(match.rate.amount);
      return [
        residual(abi.RESIDUAL_LIMIT, false, (out) =>
          out
            .u64(cost)
            .u64(cost * BigInt(match.burst))
            .u64(0n)
            .u64(0n),
        ),
      ];
    }
    default:
      return null;
  }
}

/** physdev names: without a port neither the plain nor the inverted form holds. */
function physical(dim: number, match: InterfaceMatch, host: Host): Test {
  return test(
    values(dim, host.interfaces.length + 1, (id) => {
      if (id === 0) return match.invert;
      const name = host.interfaces[id - 1]?.name ?? '';
      const holds = match.wildcard ? name.startsWith(match.name) : name === match.name;
      return holds !== match.invert;
    }),
  );
}
