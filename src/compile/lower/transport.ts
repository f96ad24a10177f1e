/** Matches on transport headers. */
import {
  DIM_DPORT,
  DIM_ICMP,
  DIM_SPORT,
  DIM_TCP_FLAGS,
  HEADER_DROPS,
  HEADER_DROPS_OVERWRITTEN,
  MATCH_AH,
  MATCH_DCCP,
  MATCH_EITHER_PORT,
  MATCH_HEADER,
  MATCH_IPCOMP,
  MATCH_NATIVE,
  MATCH_SCTP_CHUNKS,
  MATCH_SPI,
  MATCH_TCP_OPTION,
  MATCH_TCPMSS,
} from '../../../assembly/abi-rules.ts';
import type { PortMatch } from '../../ruleset/values.ts';
import { ByteWriter } from './byte-writer.ts';
import { MAX_U16, match, normalRanges, ranges, rangesPayload, values } from './condition.ts';
import type { LowerContext, LoweredMatch, MatchOf } from './context.ts';

export const TCP_HEADER = 20;
const UDP_HEADER = 8;
const SCTP_HEADER = 12;
const DCCP_HEADER = 12;
const ICMP_HEADER = 8;
const PORTS = 4;
const SPI_HEADER = 8;
const AH_HEADER = 12;
const IPCOMP_HEADER = 4;

/** The match needs this much of the transport header; `otherwise`: HEADER_*. */
export function header(bytes: number, otherwise = HEADER_DROPS): LoweredMatch {
  return match(MATCH_HEADER, new ByteWriter().u32(bytes, otherwise).toUint8Array());
}

interface Ports {
  readonly srcPorts: PortMatch | null;
  readonly dstPorts: PortMatch | null;
}

/** Adds conditions on ports to those before. */
function withPorts(
  lowered: LoweredMatch[],
  { srcPorts, dstPorts }: Ports,
  flags = 0,
): LoweredMatch[] {
  if (srcPorts !== null) lowered.push(ranges(DIM_SPORT, [srcPorts], srcPorts.invert, flags));
  if (dstPorts !== null) lowered.push(ranges(DIM_DPORT, [dstPorts], dstPorts.invert, flags));
  return lowered;
}

function asksForPorts({ srcPorts, dstPorts }: Ports): boolean {
  const asks = (wanted: PortMatch | null) =>
    wanted !== null && (wanted.min > 0 || wanted.max < MAX_U16 || wanted.invert);
  return asks(srcPorts) || asks(dstPorts);
}

/**
 * iptables-nft (1.8.8 and later) turns tcp and udp into native expressions, unless they ask for
 * nothing (tcp_all_zero(), udp_all_zero() of its nft.c) or for a TCP option.
 */
export function lowerTcp(tcp: MatchOf<'tcp'>, { native, host }: LowerContext): LoweredMatch[] {
  const isNative = native && tcp.option === null && (asksForPorts(tcp) || tcp.flags !== null);
  const flags = isNative ? MATCH_NATIVE : 0;
  const first = isNative ? [] : [header(TCP_HEADER, HEADER_DROPS_OVERWRITTEN)];
  const lowered = withPorts(first, tcp, flags);
  if (tcp.flags !== null) {
    const { value, mask, invert } = tcp.flags;
    const holds = (bits: number) => ((bits & mask) === value) !== invert;
    lowered.push(values(DIM_TCP_FLAGS, host, holds, flags));
  }
  if (tcp.option !== null) {
    const payload = new ByteWriter().u32(tcp.option.number, 0).toUint8Array();
    lowered.push(match(MATCH_TCP_OPTION, payload, tcp.option.invert));
  }
  return lowered;
}

export function lowerUdp(
  udp: MatchOf<'udp' | 'udplite'>,
  { native }: LowerContext,
): LoweredMatch[] {
  if (native && udp.kind === 'udp' && asksForPorts(udp)) return withPorts([], udp, MATCH_NATIVE);
  return withPorts([header(UDP_HEADER)], udp);
}

export function lowerMultiport({ side, ports, invert }: MatchOf<'multiport'>): LoweredMatch[] {
  const first = header(PORTS);
  if (side === 'either') {
    const payload = rangesPayload(normalRanges(ports, false));
    return [first, match(MATCH_EITHER_PORT, payload, invert)];
  }
  return [first, ranges(side === 'source' ? DIM_SPORT : DIM_DPORT, ports, invert)];
}

/** As icmp_type_code_match(): type 255 of ICMP means any. */
export function lowerIcmp({ type, codes, invert }: MatchOf<'icmp' | 'icmp6'>): LoweredMatch[] {
  const wanted =
    type === null
      ? { min: 0, max: 0xffff }
      : { min: (type << 8) | codes.min, max: (type << 8) | codes.max };
  return [header(ICMP_HEADER), ranges(DIM_ICMP, wanted.min <= wanted.max ? [wanted] : [], invert)];
}

export function lowerTcpmss({ min, max, invert }: MatchOf<'tcpmss'>): LoweredMatch[] {
  return [match(MATCH_TCPMSS, new ByteWriter().u32(min, max).toUint8Array(), invert)];
}

export function lowerEsp({ spis }: MatchOf<'esp'>): LoweredMatch[] {
  const payload = new ByteWriter().u32(spis.min, spis.max).toUint8Array();
  return [header(SPI_HEADER), match(MATCH_SPI, payload, spis.invert)];
}

/** IPv4 alone: in IPv6 it is an extension header. */
export function lowerAh({ spis }: MatchOf<'ah'>): LoweredMatch[] {
  const payload = new ByteWriter().u32(spis.min, spis.max).toUint8Array();
  return [header(AH_HEADER), match(MATCH_AH, payload, spis.invert)];
}

/** xt_ipcomp.c takes --compres but does not look at it. */
export function lowerIpcomp({ cpis }: MatchOf<'ipcomp'>): LoweredMatch[] {
  const payload = new ByteWriter().u32(cpis.min, cpis.max).toUint8Array();
  return [header(IPCOMP_HEADER), match(MATCH_IPCOMP, payload, cpis.invert)];
}

const CHUNK_MODES = { all: 0, any: 1, only: 2 } as const;

export function lowerSctp(sctp: MatchOf<'sctp'>): LoweredMatch[] {
  const lowered = withPorts([header(SCTP_HEADER)], sctp);
  if (sctp.chunks !== null) {
    const { mode, types, invert } = sctp.chunks;
    const out = new ByteWriter().u32(CHUNK_MODES[mode], types.length);
    for (const { type, flagMask, flags } of types) out.u8(type).u8(flagMask).u8(flags).u8(0);
    lowered.push(match(MATCH_SCTP_CHUNKS, out.align(8).toUint8Array(), invert));
  }
  return lowered;
}

/** u32 types, u32 inverted types, u32 option (0: none), u32 option inverted. */
export function lowerDccp(dccp: MatchOf<'dccp'>): LoweredMatch[] {
  const lowered = withPorts([header(DCCP_HEADER)], dccp);
  if (dccp.types === null && dccp.option === null) return lowered;
  const out = new ByteWriter().u32(dccp.types?.mask ?? 0xffffffff, dccp.types?.invert ? 1 : 0);
  out.u32(dccp.option?.number ?? 0, dccp.option?.invert ? 1 : 0);
  lowered.push(match(MATCH_DCCP, out.toUint8Array()));
  return lowered;
}
