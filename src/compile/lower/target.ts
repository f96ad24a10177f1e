/** From targets of the syntax tree to targets of the image. */
import {
  CONNMARK_RESTORE,
  CONNMARK_SAVE,
  CONNMARK_SET,
  CT_TARGET_NOTRACK,
  CT_TARGET_ZONE_MARK,
  CT_TARGET_ZONE_ORIGINAL,
  CT_TARGET_ZONE_REPLY,
  REJECT_ADDRESS_UNREACHABLE,
  REJECT_ADMIN_PROHIBITED,
  REJECT_HOST_PROHIBITED,
  REJECT_HOST_UNREACHABLE,
  REJECT_NET_PROHIBITED,
  REJECT_NET_UNREACHABLE,
  REJECT_NO_ROUTE,
  REJECT_NONE,
  REJECT_POLICY_FAIL,
  REJECT_PORT_UNREACHABLE,
  REJECT_PROTO_UNREACHABLE,
  REJECT_ROUTE,
  REJECT_TCP_RESET,
  TARGET_ACCEPT,
  TARGET_CLASSIFY,
  TARGET_CONNMARK,
  TARGET_CONTINUE,
  TARGET_CT,
  TARGET_DNAT,
  TARGET_DROP,
  TARGET_GOTO,
  TARGET_JUMP,
  TARGET_MARK,
  TARGET_MASQUERADE,
  TARGET_NETMAP,
  TARGET_NONE,
  TARGET_QUEUE,
  TARGET_REDIRECT,
  TARGET_REJECT,
  TARGET_RETURN,
  TARGET_SNAT,
  TARGET_TCP_FLAGS,
  TARGET_TCPMSS,
  TARGET_TCPOPTSTRIP,
  TARGET_TOS,
  TARGET_TTL,
  TTL_DEC,
  TTL_INC,
  TTL_SET,
} from '../../../assembly/abi-rules.ts';
import { addressBytes } from '../../ruleset/address.ts';
import type { Target, TargetKind } from '../../ruleset/target/index.ts';
import type { NatRange } from '../../ruleset/target/nat.ts';
import type { Family } from '../../ruleset/values.ts';
import { ByteWriter } from './byte-writer.ts';
import { topAddress } from './condition.ts';
import { type LowerContext, type LoweredTarget, Refused } from './context.ts';
import { lowerHmark } from './hmark.ts';
import { lowerNpt } from './npt.ts';
import { lowerSetTarget } from './set.ts';

type TargetOf<Kind extends TargetKind> = Extract<Target, { readonly kind: Kind }>;
type Lowering<Kind extends TargetKind> = (
  target: TargetOf<Kind>,
  context: LowerContext,
) => LoweredTarget | Refused;

function words(kind: number, ...values: readonly number[]): LoweredTarget {
  return {
    kind,
    payload: new ByteWriter()
      .u32(...values)
      .align(8)
      .toUint8Array(),
  };
}

/** A target that is the same in every rule. */
function always(kind: number): () => LoweredTarget {
  const target = words(kind);
  return () => target;
}

/** Effects that no rule can see. */
const goOn = always(TARGET_CONTINUE);

/** That of a rule which only counts. */
export const NO_TARGET = words(TARGET_NONE);

function refuse(reason: string): () => Refused {
  return () => new Refused(reason);
}

// NF_NAT_RANGE_*
const RANGE_MAP_IPS = 1;
const RANGE_PROTO_SPECIFIED = 2;
const RANGE_PROTO_RANDOM = 4;
const RANGE_PERSISTENT = 8;
const RANGE_PROTO_RANDOM_FULLY = 16;
const RANGE_PROTO_OFFSET = 32;
const RANGE_NETMAP = 64;

const NAT_KINDS = {
  DNAT: TARGET_DNAT,
  SNAT: TARGET_SNAT,
  MASQUERADE: TARGET_MASQUERADE,
  REDIRECT: TARGET_REDIRECT,
} as const;

const NAT_PAYLOAD_BYTES = 48;

function natPayload(flags: number, range: NatRange, family: Family): Uint8Array {
  const { min, max, ports, basePort } = range;
  const out = new ByteWriter(NAT_PAYLOAD_BYTES);
  out.u32(flags, (ports?.min ?? 0) | ((ports?.max ?? 0) << 16), basePort ?? 0, 0);
  // 16 bytes each in network order; IPv4 in the first four
  const first = addressBytes(min ?? 0n, family);
  const last = min === max ? first : addressBytes(max ?? 0n, family);
  return out.raw(first).align(16).raw(last).align(16).toUint8Array();
}

function lowerNat(
  target: TargetOf<'DNAT' | 'SNAT' | 'MASQUERADE' | 'REDIRECT'>,
  { family }: LowerContext,
): LoweredTarget {
  const { kind, range } = target;
  const flags =
    (range.min === null ? 0 : RANGE_MAP_IPS) |
    (range.ports === null ? 0 : RANGE_PROTO_SPECIFIED) |
    (range.random ? RANGE_PROTO_RANDOM : 0) |
    (range.persistent ? RANGE_PERSISTENT : 0) |
    (range.randomFully ? RANGE_PROTO_RANDOM_FULLY : 0) |
    (range.basePort === null ? 0 : RANGE_PROTO_OFFSET);
  return { kind: NAT_KINDS[kind], payload: natPayload(flags, range, family) };
}

function lowerNetmap({ to }: TargetOf<'NETMAP'>, { family }: LowerContext): LoweredTarget {
  const range: NatRange = {
    min: to.address,
    max: to.address | (to.mask ^ topAddress(family)),
    ports: null,
    basePort: null,
    random: false,
    randomFully: false,
    persistent: false,
  };
  const flags = RANGE_MAP_IPS | RANGE_NETMAP;
  return { kind: TARGET_NETMAP, payload: natPayload(flags, range, family) };
}

function lowerJump({ chain }: TargetOf<'jump'>, context: LowerContext): LoweredTarget | Refused {
  const id = context.chainId(chain);
  if (id === null) return new Refused(`chain "${chain}" does not exist`);
  return words(context.rule.goto ? TARGET_GOTO : TARGET_JUMP, id, 0);
}

const REJECTS: Readonly<Record<string, number>> = {
  'icmp-net-unreachable': REJECT_NET_UNREACHABLE,
  'icmp-host-unreachable': REJECT_HOST_UNREACHABLE,
  'icmp-proto-unreachable': REJECT_PROTO_UNREACHABLE,
  'icmp-port-unreachable': REJECT_PORT_UNREACHABLE,
  'icmp-net-prohibited': REJECT_NET_PROHIBITED,
  'icmp-host-prohibited': REJECT_HOST_PROHIBITED,
  'icmp-admin-prohibited': REJECT_ADMIN_PROHIBITED,
  'tcp-reset': REJECT_TCP_RESET,
  'icmp6-no-route': REJECT_NO_ROUTE,
  'icmp6-adm-prohibited': REJECT_ADMIN_PROHIBITED,
  'icmp6-addr-unreachable': REJECT_ADDRESS_UNREACHABLE,
  'icmp6-port-unreachable': REJECT_PORT_UNREACHABLE,
  'icmp6-policy-fail': REJECT_POLICY_FAIL,
  'icmp6-reject-route': REJECT_ROUTE,
};

const CONNMARK_MODES = { set: CONNMARK_SET, save: CONNMARK_SAVE, restore: CONNMARK_RESTORE };

function lowerConnmark(target: TargetOf<'CONNMARK'>): LoweredTarget {
  const { mode, value, ctMask, nfMask, shift } = target;
  const left = shift?.direction === 'left' ? shift.bits : 0;
  const right = shift?.direction === 'right' ? shift.bits : 0;
  return words(TARGET_CONNMARK, CONNMARK_MODES[mode], value, ctMask, nfMask, left, right);
}

function lowerCt(target: TargetOf<'CT'>, { warn }: LowerContext): LoweredTarget {
  const { notrack, zone, helper, timeout } = target;
  if (timeout !== null) warn(`CT --timeout ${timeout}: the host's own timeouts are taken`);
  if (helper !== null) warn(`CT --helper ${helper}: connections that it expects are not known`);
  let flags = notrack ? CT_TARGET_NOTRACK : 0;
  if (zone !== null && zone.direction !== 'reply') flags |= CT_TARGET_ZONE_ORIGINAL;
  if (zone !== null && zone.direction !== 'original') flags |= CT_TARGET_ZONE_REPLY;
  if (zone?.id === 'mark') flags |= CT_TARGET_ZONE_MARK;
  const id = typeof zone?.id === 'number' ? zone.id : 0;
  return words(TARGET_CT, flags, id);
}

const TTL_MODES = { set: TTL_SET, dec: TTL_DEC, inc: TTL_INC };
const DSCP_MASK = 0xfc;
const DSCP_SHIFT = 2;
const ECN_MASK = 0x03;
const TCP_ECE = 0x40;
const TCP_CWR = 0x80;

/** The IP field and the TCP bits are never set by one rule: ECN takes one of them. */
function lowerEcn({ tcpRemove, ipEct, tcpEce, tcpCwr }: TargetOf<'ECN'>): LoweredTarget {
  if (ipEct !== null) return words(TARGET_TOS, ECN_MASK, ipEct);
  const change = (bit: number, to: number | null) => (tcpRemove || to !== null ? bit : 0);
  const mask = change(TCP_ECE, tcpEce) | change(TCP_CWR, tcpCwr);
  const value = (tcpEce ? TCP_ECE : 0) | (tcpCwr ? TCP_CWR : 0);
  return words(TARGET_TCP_FLAGS, mask, value);
}

const OPTION_KINDS = 256;

function lowerTcpoptstrip({ options }: TargetOf<'TCPOPTSTRIP'>): LoweredTarget {
  const bits = new Uint8Array(OPTION_KINDS / 8);
  for (const kind of options) bits[kind >> 3] = (bits[kind >> 3] ?? 0) | (1 << (kind & 7));
  return { kind: TARGET_TCPOPTSTRIP, payload: bits };
}

/** One entry per kind: a kind that the syntax tree gains does not type-check until it is here. */
const LOWERINGS: { readonly [Kind in TargetKind]: Lowering<Kind> } = {
  ACCEPT: always(TARGET_ACCEPT),
  AUDIT: goOn,
  CHECKSUM: goOn,
  CLASSIFY: ({ priority }) => words(TARGET_CLASSIFY, priority, 0),
  CLUSTERIP: refuse('it is gone from kernels since 6.3'),
  CONNMARK: lowerConnmark,
  CONNSECMARK: goOn,
  CT: lowerCt,
  DNAT: lowerNat,
  DNPT: lowerNpt,
  DROP: always(TARGET_DROP),
  DSCP: ({ value }) => words(TARGET_TOS, DSCP_MASK, value << DSCP_SHIFT),
  ECN: lowerEcn,
  HL: ({ op, value }) => words(TARGET_TTL, TTL_MODES[op], value),
  HMARK: lowerHmark,
  IDLETIMER: goOn,
  jump: lowerJump,
  LED: goOn,
  LOG: goOn,
  MARK: ({ mask, value }) => words(TARGET_MARK, mask, value),
  MASQUERADE: lowerNat,
  NETMAP: lowerNetmap,
  NFLOG: goOn,
  NFQUEUE: always(TARGET_QUEUE),
  QUEUE: always(TARGET_QUEUE),
  RATEEST: goOn,
  REDIRECT: lowerNat,
  REJECT: (target) => words(TARGET_REJECT, REJECTS[target.with] ?? REJECT_NONE, 0),
  RETURN: always(TARGET_RETURN),
  SECMARK: goOn,
  SET: lowerSetTarget,
  SNAT: lowerNat,
  SNPT: lowerNpt,
  SYNPROXY: refuse('it answers in place of the host'),
  TCPMSS: ({ mss }) => words(TARGET_TCPMSS, mss === 'clamp' ? 0 : mss, 0),
  TCPOPTSTRIP: lowerTcpoptstrip,
  TEE: goOn,
  TOS: ({ mask, value }) => words(TARGET_TOS, mask, value),
  TPROXY: refuse('the sockets of a host are not in its snapshot'),
  TRACE: goOn,
  TTL: ({ op, value }) => words(TARGET_TTL, TTL_MODES[op], value),
  ULOG: goOn,
  unknown: ({ name }) => new Refused(`target "${name}" is not known`),
};

/** Kinds that follow from the node alone: rules that share a node share what it becomes. */
const SHARED: ReadonlySet<TargetKind> = new Set([
  'ACCEPT',
  'DNAT',
  'DROP',
  'LOG',
  'MARK',
  'MASQUERADE',
  'REDIRECT',
  'REJECT',
  'RETURN',
  'SNAT',
]);

export function isSharedTarget({ kind }: Target): boolean {
  return SHARED.has(kind);
}

export function lowerTarget(target: Target, context: LowerContext): LoweredTarget | Refused {
  const lowering = LOWERINGS[target.kind] as Lowering<TargetKind>;
  return lowering(target, context);
}
