/** Matches on single fields of the packet: lengths, marks, addresses, interfaces, owner. */
import {
  ADDRTYPE_DST,
  ADDRTYPE_INVERT_DST,
  ADDRTYPE_INVERT_SRC,
  ADDRTYPE_LIMIT_IN,
  ADDRTYPE_LIMIT_OUT,
  ADDRTYPE_SRC,
  ADDRTYPE6_ANY,
  ADDRTYPE6_CODES,
  ADDRTYPE6_MULTICAST,
  ADDRTYPE6_UNICAST,
  DIM_DST,
  DIM_DST_TYPE,
  DIM_IN,
  DIM_LENGTH,
  DIM_OUT,
  DIM_PHYSIN,
  DIM_PHYSOUT,
  DIM_PKTTYPE,
  DIM_SRC,
  DIM_SRC_TYPE,
  DIM_TCP_FLAGS,
  DIM_TOS,
  DIM_TTL,
  HEADER_FAILS,
  MATCH_ADDRTYPE,
  MATCH_CONNMARK,
  MATCH_MAC,
  MATCH_MARK,
  MATCH_NATIVE,
  MATCH_OWNER,
  MATCH_RPFILTER,
  PHYSOUT_NONE,
} from '../../../assembly/abi-rules.ts';
import type { Family, InterfaceMatch, Invertible, MaskedValue } from '../../ruleset/values.ts';
import { ByteWriter } from './byte-writer.ts';
import { addresses, match, ranges, values } from './condition.ts';
import type { LowerContext, LoweredMatch, MatchOf } from './context.ts';
import { interfaceName, isNamed } from './header.ts';
import { header, TCP_HEADER } from './transport.ts';

const TCP_ECE = 0x40;
const TCP_CWR = 0x80;
const ECN_BITS = 3;
const DSCP_SHIFT = 2;

// <linux/if_packet.h>
const PACKET_TYPES = { unicast: 0, broadcast: 1, multicast: 2, otherhost: 3 } as const;

/** RTN_* by name; the position is the number. */
type AddressType = (typeof ADDRESS_TYPES)[number];
const ADDRESS_TYPES = [
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
] as const;

/** By the lower bits of an ADDRTYPE6 code. */
const ROUTE_SAYS: readonly (AddressType | null)[] = [null, 'LOCAL', 'ANYCAST', 'UNREACHABLE'];

function typeMask(names: readonly AddressType[], family: Family): number {
  const bits = names.reduce((mask, name) => mask | (1 << ADDRESS_TYPES.indexOf(name)), 0);
  if (family === 4) return bits;
  const codes = Array.from({ length: ADDRTYPE6_CODES }, (_, code) => code);
  return codes.reduce((mask, code) => mask | (holdsV6(names, code) ? 1 << code : 0), 0);
}

/** match_type6() of xt_addrtype.c: the kind of address, and what its route says. */
function holdsV6(names: readonly AddressType[], code: number): boolean {
  const kind = code >> 2;
  const said = ROUTE_SAYS[code & 3];
  if (names.includes('MULTICAST') && kind !== ADDRTYPE6_MULTICAST) return false;
  if (names.includes('UNICAST') && kind !== ADDRTYPE6_UNICAST) return false;
  if (names.includes('UNSPEC') && kind !== ADDRTYPE6_ANY) return false;
  const asksRoute = names.some((name) => ROUTE_SAYS.includes(name));
  return !asksRoute || (said !== undefined && said !== null && names.includes(said));
}

export function lowerAddrtype(
  addrtype: MatchOf<'addrtype'>,
  { host, family }: LowerContext,
): LoweredMatch[] {
  const { srcTypes, dstTypes, limitIn, limitOut } = addrtype;
  const src = typeMask(srcTypes?.values ?? [], family);
  const dst = typeMask(dstTypes?.values ?? [], family);
  if (limitIn || limitOut) {
    const flags =
      (srcTypes === null ? 0 : ADDRTYPE_SRC) |
      (dstTypes === null ? 0 : ADDRTYPE_DST) |
      (srcTypes?.invert ? ADDRTYPE_INVERT_SRC : 0) |
      (dstTypes?.invert ? ADDRTYPE_INVERT_DST : 0) |
      (limitIn ? ADDRTYPE_LIMIT_IN : ADDRTYPE_LIMIT_OUT);
    return [match(MATCH_ADDRTYPE, new ByteWriter().u32(src, flags, dst, 0).toUint8Array())];
  }
  const holds = (mask: number, invert: boolean) => (type: number) =>
    ((mask >> type) & 1) === (invert ? 0 : 1);
  const lowered: LoweredMatch[] = [];
  if (srcTypes !== null) lowered.push(values(DIM_SRC_TYPE, host, holds(src, srcTypes.invert)));
  if (dstTypes !== null) lowered.push(values(DIM_DST_TYPE, host, holds(dst, dstTypes.invert)));
  return lowered;
}

export function lowerIprange(
  { src, dst }: MatchOf<'iprange'>,
  { family }: LowerContext,
): LoweredMatch[] {
  const lowered: LoweredMatch[] = [];
  if (src !== null) lowered.push(addresses(DIM_SRC, src, src.invert, family));
  if (dst !== null) lowered.push(addresses(DIM_DST, dst, dst.invert, family));
  return lowered;
}

export function lowerLength({ min, max, invert }: MatchOf<'length'>): LoweredMatch[] {
  return [ranges(DIM_LENGTH, [{ min, max }], invert)];
}

export function lowerTtl({ op, value, invert }: MatchOf<'ttl' | 'hl'>, { host }: LowerContext) {
  const compare = {
    eq: (ttl: number) => ttl === value,
    lt: (ttl: number) => ttl < value,
    gt: (ttl: number) => ttl > value,
  }[op];
  return [values(DIM_TTL, host, (ttl) => compare(ttl) !== invert)];
}

export function lowerTos({ value, mask, invert }: MatchOf<'tos'>, { host }: LowerContext) {
  return [values(DIM_TOS, host, (tos) => ((tos & mask) === value) !== invert)];
}

export function lowerDscp({ value, invert }: MatchOf<'dscp'>, { host }: LowerContext) {
  return [values(DIM_TOS, host, (tos) => (tos >> DSCP_SHIFT === value) !== invert)];
}

export function lowerEcn({ tcpEce, tcpCwr, ip }: MatchOf<'ecn'>, { host }: LowerContext) {
  const lowered: LoweredMatch[] = [];
  if (ip !== null) {
    lowered.push(values(DIM_TOS, host, (tos) => ((tos & ECN_BITS) === ip.value) !== ip.invert));
  }
  const asked = (bits: number, bit: number, want: boolean | null) =>
    want === null || ((bits & bit) !== 0) === want;
  if (tcpEce !== null || tcpCwr !== null) {
    const holds = (bits: number) => asked(bits, TCP_ECE, tcpEce) && asked(bits, TCP_CWR, tcpCwr);
    lowered.push(header(TCP_HEADER, HEADER_FAILS));
    lowered.push(values(DIM_TCP_FLAGS, host, holds, MATCH_NATIVE));
  }
  return lowered;
}

export function lowerMark({ kind, mask, value, invert }: MatchOf<'mark' | 'connmark'>) {
  const payload = new ByteWriter().u32(mask, value).toUint8Array();
  return [match(kind === 'mark' ? MATCH_MARK : MATCH_CONNMARK, payload, invert)];
}

export function lowerPkttype({ type, invert }: MatchOf<'pkttype'>, { host }: LowerContext) {
  return [values(DIM_PKTTYPE, host, (value) => (value === PACKET_TYPES[type]) !== invert)];
}

const MAC_BYTES = 6;

export function lowerMac({ source, invert }: MatchOf<'mac'>) {
  const out = new ByteWriter();
  for (let i = MAC_BYTES - 1; i >= 0; i--) out.u8(Math.floor(source / 2 ** (8 * i)) % 256);
  return [match(MATCH_MAC, out.align(8).toUint8Array(), invert)];
}

/**
 * As physdev_mt() of xt_physdev.c. What a packet that came by no bridge port answers is in value 0
 * of both dimensions; one that came by a port and leaves by none fails --physdev-out even inverted.
 */
export function lowerPhysdev(physdev: MatchOf<'physdev'>, { host }: LowerContext) {
  const noOut = host.interfaces.length + PHYSOUT_NONE;
  const named = (condition: InterfaceMatch, id: number) =>
    isNamed(condition, interfaceName(host, id)) !== condition.invert;
  const inHolds = (id: number) => {
    if (physdev.isIn !== null && (id !== 0) !== physdev.isIn) return false;
    if (physdev.in === null) return true;
    return id === 0 ? physdev.in.invert : named(physdev.in, id);
  };
  const outHolds = (value: number) => {
    const there = value !== 0 && value !== noOut;
    if (physdev.isBridged !== null && there !== physdev.isBridged) return false;
    if (physdev.isOut !== null && there !== physdev.isOut) return false;
    if (physdev.out === null) return true;
    if (value === 0) return physdev.out.invert;
    return there && named(physdev.out, value);
  };
  return [values(DIM_PHYSIN, host, inHolds), values(DIM_PHYSOUT, host, outHolds)];
}

// assembly/route/rpfilter.ts
const RPFILTER_LOOSE = 1;
const RPFILTER_VALID_MARK = 2;
const RPFILTER_ACCEPT_LOCAL = 4;

export function lowerRpfilter(rpfilter: MatchOf<'rpfilter'>): LoweredMatch[] {
  const flags =
    (rpfilter.loose ? RPFILTER_LOOSE : 0) |
    (rpfilter.validMark ? RPFILTER_VALID_MARK : 0) |
    (rpfilter.acceptLocal ? RPFILTER_ACCEPT_LOCAL : 0);
  const payload = new ByteWriter().u32(flags, 0).toUint8Array();
  return [match(MATCH_RPFILTER, payload, rpfilter.invert)];
}

/**
 * Forwarded packets have no socket (xt_owner.c): they match what asks for nothing but its absence.
 * Of the host's own packets a capture does not tell the owner: they have a socket, of nobody asked
 * for.
 */
export function lowerOwner(owner: MatchOf<'owner'>, { warn }: LowerContext): LoweredMatch[] {
  const asked = [owner.uid?.invert, owner.gid?.invert].filter((invert) => invert !== undefined);
  const inverted = asked.every((invert) => invert);
  const forwarded = inverted && owner.socketExists !== true;
  const local = inverted && owner.socketExists !== false;
  warn('a capture does not tell who owns a socket: packets of the host match no --uid or --gid');
  return [
    match(MATCH_OWNER, new ByteWriter().u32(Number(forwarded), Number(local)).toUint8Array()),
  ];
}

type MaskedCondition = MaskedValue & Invertible;

/** As devgroup_mt() of xt_devgroup.c: where there is no device, its group is 0. */
export function lowerDevgroup(devgroup: MatchOf<'devgroup'>, context: LowerContext) {
  const { host, warn } = context;
  const unknown = host.interfaces.filter(({ group }) => group === null).map(({ name }) => name);
  if (unknown.length > 0) warn(`devgroup: the groups of ${unknown.join(', ')} are not known`);
  const condition = (dim: number, { value, mask, invert }: MaskedCondition) =>
    values(dim, host, (id) => {
      const group = id === 0 ? 0 : (host.interfaces[id - 1]?.group ?? null);
      return group !== null && (((group ^ value) & mask) === 0) !== invert;
    });
  const lowered: LoweredMatch[] = [];
  if (devgroup.src !== null) lowered.push(condition(DIM_IN, devgroup.src));
  if (devgroup.dst !== null) lowered.push(condition(DIM_OUT, devgroup.dst));
  return lowered;
}

/** A value of a field that is zero here: realms of routes. */
export function zeroHolds({ value, invert }: MaskedCondition): boolean {
  return (value === 0) !== invert;
}
