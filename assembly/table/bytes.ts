/**
 * The packet's bytes as the kernel would show them now: as captured, but for the fields that
 * forwarding, targets and NAT have changed. For the matches that read raw offsets.
 */
import { FAMILY_V4 } from '../abi';
import { v6Bytes } from '../address';
import { Packet } from '../packet';

const V4_TOS: u32 = 1;
const V4_LENGTH: u32 = 2;
const V4_TTL: u32 = 8;
const V4_SRC: u32 = 12;
const V4_DST: u32 = 16;
const V4_END: u32 = 20;
const V6_HOP_LIMIT: u32 = 7;
const V6_SRC: u32 = 8;
const V6_DST: u32 = 24;
const V6_END: u32 = 40;
const TCP_HEADER: u32 = 20;

/**
 * Byte `offset` of the IP packet; 0 where the capture was cut. Header checksums are those captured.
 */
export function byteAt(p: Packet, offset: u32): u32 {
  if (p.family == FAMILY_V4) {
    if (offset < V4_END) return v4HeaderByte(p, offset);
  } else if (offset < V6_END) {
    return v6HeaderByte(p, offset);
  }
  const l4 = p.l4 - p.l3;
  // Ports change with NAT alone, which no packet without a connection meets.
  if (p.conn != 0 && offset >= l4 && offset < l4 + 4 && hasPorts(p.proto)) {
    const ports = (<u32>p.sport << 16) | p.dport;
    return (ports >> ((3 - (offset - l4)) * 8)) & 0xff;
  }
  if (isStripped(p) && p.proto == 6 && offset >= l4 + TCP_HEADER) return optionByte(p, offset - l4);
  return capturedByte(p, offset);
}

/** Whether TCPOPTSTRIP has been there. */
@inline
export function isStripped(p: Packet): bool {
  return (p.stripped0 | p.stripped1 | p.stripped2 | p.stripped3) != 0;
}

const NO_OPERATION: u32 = 1;

/** Byte `offset` of a TCP segment some of whose options are taken out. */
function optionByte(p: Packet, offset: u32): u32 {
  const l4 = p.l4 - p.l3;
  const end = (capturedByte(p, l4 + 12) >> 4) * 4;
  const stripped = changetype<usize>(p) + offsetof<Packet>('stripped0');
  let at = TCP_HEADER;
  while (at <= offset && at + 1 < end) {
    const kind = capturedByte(p, l4 + at);
    const length = kind <= NO_OPERATION ? 0 : capturedByte(p, l4 + at + 1);
    const next = at + max<u32>(1, length);
    if (next > end) break;
    if (offset < next) {
      if ((load<u8>(stripped + (kind >> 3)) >> <u8>(kind & 7)) & 1) return NO_OPERATION;
      break;
    }
    at = next;
  }
  return capturedByte(p, l4 + offset);
}

@inline
function capturedByte(p: Packet, offset: u32): u32 {
  return offset < p.capLen ? <u32>load<u8>(<usize>p.l3 + offset) : 0;
}

@inline
function hasPorts(proto: u32): bool {
  return proto == 6 || proto == 17 || proto == 132 || proto == 33 || proto == 136;
}

function v4HeaderByte(p: Packet, offset: u32): u32 {
  if (offset >= V4_DST) return (p.dst >> ((V4_END - 1 - offset) * 8)) & 0xff;
  if (offset >= V4_SRC) return (p.src >> ((V4_DST - 1 - offset) * 8)) & 0xff;
  if (offset == V4_TTL) return p.ttl;
  if (offset == V4_TOS) return p.tos;
  if (offset == V4_LENGTH) return (p.ipLen >> 8) & 0xff;
  if (offset == V4_LENGTH + 1) return p.ipLen & 0xff;
  return capturedByte(p, offset);
}

function v6HeaderByte(p: Packet, offset: u32): u32 {
  if (offset >= V6_DST) return load<u8>(v6Bytes(p.dst) + (offset - V6_DST));
  if (offset >= V6_SRC) return load<u8>(v6Bytes(p.src) + (offset - V6_SRC));
  if (offset == V6_HOP_LIMIT) return p.ttl;
  if (offset == 0) return (capturedByte(p, 0) & 0xf0) | (p.tos >> 4);
  if (offset == 1) return ((<u32>p.tos & 0x0f) << 4) | (capturedByte(p, 1) & 0x0f);
  return capturedByte(p, offset);
}

/** Big-endian 32-bit word at `offset`. */
export function wordAt(p: Packet, offset: u32): u32 {
  return (
    (byteAt(p, offset) << 24) |
    (byteAt(p, offset + 1) << 16) |
    (byteAt(p, offset + 2) << 8) |
    byteAt(p, offset + 3)
  );
}

/** Offset of the transport header (or a later fragment's data) from the IP header. */
export function transportOffset(p: Packet): u32 {
  if (p.l4 != 0) return p.l4 - p.l3;
  if (p.family == FAMILY_V4) return (capturedByte(p, 0) & 0x0f) * 4;
  return v6FragmentData(p);
}

/** Behind the fragment header: only hop-by-hop, routing and destination options come before it. */
function v6FragmentData(p: Packet): u32 {
  let next = capturedByte(p, 6);
  let offset = V6_END;
  while (next == 0 || next == 43 || next == 60) {
    next = capturedByte(p, offset);
    offset += (capturedByte(p, offset + 1) + 1) * 8;
    if (offset >= p.capLen) break;
  }
  return next == 44 ? offset + 8 : offset;
}
