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
const MULTIPLIER: u64 = 0x9e3779b97f4a7c15;

/** 64-bit fingerprint, never 0. */
export function fingerprint(p: Packet): u64 {
  let h: u64 = p.proto;
  if (p.family == FAMILY_V4) h |= (<u64>load<u16>(p.l3, 4)) << 8; // identification
  const l4 = <usize>p.l4;
  const had: u32 = l4 == 0 ? 0 : p.l4Cap;
  let part: u64 = p.l4Len; // ports, ids and checksums are NAT's to change
  if (p.proto == TCP && had >= 14) {
    h = (h ^ load<u64>(l4, 4)) * MULTIPLIER; // sequence and acknowledgement numbers
    part = load<u8>(l4, 13);
  } else if (p.proto == UDP) {
    if (had >= 16) part ^= load<u64>(l4, 8);
    else for (let i: u32 = 8; i < <u32>had; i++) part = (part << 8) | load<u8>(l4 + i);
  } else if (p.proto == ICMP || p.proto == ICMPV6) {
    if (had >= 8) part ^= (<u64>load<u16>(l4) << 32) | (<u64>load<u16>(l4, 6) << 48);
    // neighbour discovery and group membership stay on their link, and many hosts say the same
    if (p.family != FAMILY_V4 && p.icmpType >= 130) part ^= (<u64>p.src << 8) ^ p.dst;
  } else if (p.proto == SCTP) {
    if (had >= 8) part ^= <u64>load<u32>(l4, 4) << 32; // verification tag
  } else if (had >= 8) {
    part ^= load<u64>(l4);
  }
  h = (h ^ part ^ (h >> 29)) * MULTIPLIER;
  h = (h ^ (h >> 32)) * MULTIPLIER;
  return h | 1;
}
