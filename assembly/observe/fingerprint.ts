/**
 * What stays the same of a packet on its way through the host, whatever NAT, TTL and MAC addresses
 * become: by this two sightings in a capture are known to be one packet.
 */
import { FAMILY_V4 } from '../abi';
import { Packet } from '../packet';

const TCP: u8 = 6;
const UDP: u8 = 17;
const MULTIPLIER: u64 = 0x9e3779b97f4a7c15;

/** 64-bit fingerprint, never 0. */
export function fingerprint(p: Packet): u64 {
  let h: u64 = p.proto;
  if (p.family == FAMILY_V4) h |= (<u64>load<u16>(p.l3, 4)) << 8; // identification
  const l4 = <usize>p.l4;
  if (p.proto == TCP && p.l4Cap >= 14) {
    // sequence and acknowledgement numbers, flags
    h = (h ^ load<u64>(l4, 4)) * MULTIPLIER;
    h ^= <u64>load<u8>(l4, 13) ^ (h >> 29);
  } else if (p.proto == UDP && p.l4Cap >= 16) {
    h = (h ^ load<u64>(l4, 8)) * MULTIPLIER; // the first payload bytes
    h ^= p.l4Len ^ (h >> 29);
  } else if (l4 != 0 && p.l4Cap >= 8) {
    h = (h ^ <u64>load<u16>(l4) ^ ((<u64>load<u16>(l4, 6)) << 32)) * MULTIPLIER;
    h ^= p.l4Len ^ (h >> 29);
    if (p.l4Cap >= 16 && p.proto != 1 && p.proto != 58) h ^= load<u64>(l4, 8);
  } else {
    h = (h ^ p.l4Len) * MULTIPLIER;
  }
  h = (h ^ (h >> 32)) * MULTIPLIER;
  return h | 1;
}
