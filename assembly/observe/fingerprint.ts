/**
 * What stays the same of a packet on its way through the host, whatever NAT, TTL and MAC addresses
 * become: by this two sightings in a capture are known to be one packet.
 */
import { FAMILY_V4 } from '../abi';
import { Packet } from '../packet';

const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
const SCTP: u8 = 132;
const OF_WHAT: u64 = 0x9e3779b97f4a7c15;
const OF_PART: u64 = 0xd6e8feb86659fd93;

/** 64-bit fingerprint, never 0. */
export function fingerprint(p: Packet): u64 {
  const id: u32 = p.family == FAMILY_V4 ? load<u16>(p.l3, 4) : 0;
  const l4 = <usize>p.l4;
  const had: u32 = l4 == 0 ? 0 : p.l4Cap;
  if (p.proto == TCP && had >= 14) return tcpFingerprint(id, l4);
  if (p.proto == UDP) return udpFingerprint(id, l4, had, p.l4Len);
  let part: u64 = p.l4Len; // ports, ids and checksums are NAT's to change
  if (p.proto == ICMP || p.proto == ICMPV6) {
    if (had >= 8) part ^= (<u64>load<u16>(l4) << 32) | (<u64>load<u16>(l4, 6) << 48);
    if (had >= 16 && isEcho(p.icmpType)) part ^= load<u64>(l4, 8); // errors quote addresses
    // neighbour discovery and group membership stay on their link, and many hosts say the same
    if (p.family != FAMILY_V4 && p.icmpType >= 130) part ^= (<u64>p.src << 8) ^ p.dst;
  } else if (p.proto == SCTP) {
    if (had >= 8) part ^= <u64>load<u32>(l4, 4) << 32; // verification tag
  } else if (had >= 8) {
    part ^= load<u64>(l4);
  }
  return mix(<u64>p.proto | (<u64>id << 8), part);
}

/** Of a segment with its flags captured: by sequence and acknowledgement numbers and flags. */
@inline
export function tcpFingerprint(id: u32, l4: usize): u64 {
  return mix(TCP | (<u64>id << 8) | (<u64>load<u8>(l4, 13) << 24), load<u64>(l4, 4));
}

/** Of a datagram, `had` of its `len` bytes captured: by its first bytes. */
@inline
export function udpFingerprint(id: u32, l4: usize, had: u32, len: u32): u64 {
  let part: u64 = len;
  if (had >= 16) part ^= load<u64>(l4, 8);
  else for (let i: u32 = 8; i < had; i++) part = (part << 8) | load<u8>(l4 + i);
  return mix(UDP | (<u64>id << 8), part);
}

@inline
function isEcho(type: u32): bool {
  return type == 8 || type == 0 || type == 128 || type == 129;
}

/**
 * Two products that wait for nothing but what they are of; equal for different packets only if what
 * differs happens to be in the ratio of two odd numbers of 64 bits.
 */
@inline
function mix(what: u64, part: u64): u64 {
  return (what * OF_WHAT + part * OF_PART) | 1;
}
