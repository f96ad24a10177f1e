/** Matches on IPv6 extension headers. */
import {
  AH_INVERT_LENGTH,
  AH_INVERT_SPI,
  AH_RESERVED_ZERO,
  FRAG_FIRST,
  FRAG_INVERT_IDS,
  FRAG_LAST,
  FRAG_MORE,
  FRAG_RESERVED_ZERO,
  MATCH_AH6,
  MATCH_EUI64,
  MATCH_FRAG,
  MATCH_IPV6HEADER,
  MATCH_MH,
  MATCH_OPTIONS,
  MATCH_ROUTING,
  MATCH_SRH,
  NO_LENGTH,
  ROUTING_ADDRESSES,
  ROUTING_INVERT_LENGTH,
  ROUTING_INVERT_SEGMENTS,
  ROUTING_INVERT_TYPE,
  ROUTING_LENGTH,
  ROUTING_NOT_STRICT,
  ROUTING_RESERVED_ZERO,
  ROUTING_TYPE,
} from '../../../assembly/abi-rules.ts';
import { addressBytes } from '../../ruleset/address.ts';
import type { Ipv6HeaderName } from '../../ruleset/match/ipv6header.ts';
import type { SrhNumber } from '../../ruleset/match/srh.ts';
import type { AddressMatch } from '../../ruleset/values.ts';
import { ByteWriter } from './byte-writer.ts';
import { match } from './condition.ts';
import type { LoweredMatch, MatchOf } from './context.ts';
import { header } from './transport.ts';

const MAX_U32 = 0xffffffff;
const MAX_U8 = 255;

const flag = (bit: number, isSet: boolean | undefined): number => (isSet ? bit : 0);

/** `length`, which the kernel takes but does not look at, is left out. */
export function lowerFrag({ ids, reservedZero, first, more }: MatchOf<'frag'>): LoweredMatch[] {
  const flags =
    flag(FRAG_INVERT_IDS, ids.invert) |
    flag(FRAG_RESERVED_ZERO, reservedZero) |
    flag(FRAG_FIRST, first) |
    flag(FRAG_MORE, more === true) |
    flag(FRAG_LAST, more === false);
  return [match(MATCH_FRAG, new ByteWriter().u32(ids.min, ids.max, flags, 0).toUint8Array())];
}

const OPTION_HEADERS = { hbh: 0, dst: 60 } as const;

export function lowerOptions({ kind, length, options }: MatchOf<'hbh' | 'dst'>): LoweredMatch[] {
  const out = new ByteWriter().u32(OPTION_HEADERS[kind], length?.value ?? NO_LENGTH);
  out.u32(flag(1, length?.invert), options.length);
  for (const option of options) out.u8(option.type).u8(option.length ?? MAX_U8);
  return [match(MATCH_OPTIONS, out.align(8).toUint8Array())];
}

export function lowerRt(rt: MatchOf<'rt'>): LoweredMatch[] {
  const { type, segmentsLeft, length, reservedZero, addresses, notStrict } = rt;
  const flags =
    flag(ROUTING_INVERT_SEGMENTS, segmentsLeft?.invert) |
    flag(ROUTING_TYPE, type !== null) |
    flag(ROUTING_INVERT_TYPE, type?.invert) |
    flag(ROUTING_LENGTH, length !== null) |
    flag(ROUTING_INVERT_LENGTH, length?.invert) |
    flag(ROUTING_RESERVED_ZERO, reservedZero) |
    flag(ROUTING_ADDRESSES, addresses.length > 0) |
    flag(ROUTING_NOT_STRICT, notStrict);
  const out = new ByteWriter().u32(segmentsLeft?.min ?? 0, segmentsLeft?.max ?? MAX_U32, flags);
  out.u32(type?.value ?? 0, length?.value ?? 0, addresses.length);
  for (const address of addresses) out.raw(addressBytes(address, 6));
  return [match(MATCH_ROUTING, out.toUint8Array())];
}

/** MASK_* of <linux/netfilter_ipv6/ip6t_ipv6header.h> */
const HEADER_BITS: Readonly<Record<Ipv6HeaderName, number>> = {
  hop: 128,
  dst: 64,
  route: 32,
  frag: 16,
  auth: 8,
  esp: 4,
  none: 2,
  prot: 1,
};

export function lowerIpv6header(ipv6header: MatchOf<'ipv6header'>): LoweredMatch[] {
  const { headers, soft, invert } = ipv6header;
  const bits = headers.reduce((mask, name) => mask | HEADER_BITS[name], 0);
  return [
    match(MATCH_IPV6HEADER, new ByteWriter().u32(bits, flag(1, soft)).toUint8Array(), invert),
  ];
}

export function lowerAh6({ spis, length, reservedZero }: MatchOf<'ah'>): LoweredMatch[] {
  const flags =
    flag(AH_INVERT_SPI, spis.invert) |
    flag(AH_INVERT_LENGTH, length?.invert) |
    flag(AH_RESERVED_ZERO, reservedZero);
  const payload = new ByteWriter().u32(spis.min, spis.max, length?.value ?? 0, flags);
  return [match(MATCH_AH6, payload.toUint8Array())];
}

const MH_HEADER = 6;

export function lowerMh({ types }: MatchOf<'mh'>): LoweredMatch[] {
  const payload = new ByteWriter().u32(types?.min ?? 0, types?.max ?? MAX_U8).toUint8Array();
  return [header(MH_HEADER), match(MATCH_MH, payload, types?.invert)];
}

const SRH_OPERATORS = { eq: 0, gt: 1, lt: 2 } as const;
// Offsets in the segment routing header (RFC 8754 section 2).
const SRH_NEXT = 0;
const SRH_LENGTH = 1;
const SRH_SEGMENTS_LEFT = 3;
const SRH_LAST_ENTRY = 4;
const SRH_TAG = 6;
const ADDRESS_BYTES = 16;

interface SrhField extends SrhNumber {
  readonly offset: number;
  readonly bytes: number;
}

function srhFields(srh: MatchOf<'srh'>): SrhField[] {
  const fields: SrhField[] = [];
  const add = (offset: number, bytes: number, number: SrhNumber | null) => {
    if (number !== null) fields.push({ offset, bytes, ...number });
  };
  const { nextHeader, tag } = srh;
  add(SRH_NEXT, 1, nextHeader && { op: 'eq', value: nextHeader.number, invert: nextHeader.invert });
  add(SRH_LENGTH, 1, srh.headerLength);
  add(SRH_SEGMENTS_LEFT, 1, srh.segmentsLeft);
  add(SRH_LAST_ENTRY, 1, srh.lastEntry);
  add(SRH_TAG, 2, tag && { op: 'eq', value: tag.value, invert: tag.invert });
  return fields;
}

export function lowerSrh(srh: MatchOf<'srh'>): LoweredMatch[] {
  const fields = srhFields(srh);
  const out = new ByteWriter().u32(fields.length, 0);
  for (const { offset, bytes, op, invert, value } of fields) {
    out.u8(offset).u8(bytes).u8(SRH_OPERATORS[op]).u8(flag(1, invert)).u32(value);
  }
  const segment = (wanted: AddressMatch | null) => {
    out.u32(flag(1, wanted !== null), flag(1, wanted?.invert));
    if (wanted === null) out.raw(new Uint8Array(2 * ADDRESS_BYTES));
    else out.raw(addressBytes(wanted.address, 6)).raw(addressBytes(wanted.mask, 6));
  };
  segment(srh.previousSid);
  segment(srh.nextSid);
  segment(srh.lastSid);
  return [match(MATCH_SRH, out.toUint8Array())];
}

export function lowerEui64(): LoweredMatch[] {
  return [match(MATCH_EUI64, new Uint8Array(0))];
}
