/**
 * Odd packets: later fragments, truncated or impossible transport headers, lengths beyond 16 bits,
 * IPv6 headers that are cut short or whose protocol depends on who asks (authentication headers).
 * Kernel matches treat them specially (no match even when inverted, or the packet is dropped at
 * once, "hotdrop"), so they are walked rule by rule; tables may take everything else for granted.
 */
import { FRAME_HEADERS } from '../abi';
import { Packet } from '../packet';

const TCP: u32 = 6;
const TCP_HEADER: u32 = 20;
const TCP_OFFSET_BYTE: usize = 12;
const MAX_LENGTH: u32 = 0xffff;

/** Bytes of transport header that the matches for a protocol ask for (0: none do). */
function headerNeed(proto: u32): u32 {
  switch (proto) {
    case TCP:
      return TCP_HEADER;
    case 33: // DCCP
    case 51: // AH
    case 132: // SCTP
      return 12;
    case 1: // ICMP
    case 17: // UDP
    case 50: // ESP
    case 58: // ICMPv6
    case 136: // UDP-Lite
      return 8;
    case 135: // MH
      return 6;
    case 108: // IPComp
      return 4;
    default:
      return 0;
  }
}

export function isOdd(p: Packet): bool {
  if (p.fragOff != 0 || p.ipLen > MAX_LENGTH || p.flags & FRAME_HEADERS) return true;
  if (p.l4Len < headerNeed(p.proto)) return true;
  if (p.proto != TCP || p.l4Cap < TCP_HEADER) return false;
  const headerBytes = (load<u8>(<usize>p.l4 + TCP_OFFSET_BYTE) >> 4) * 4;
  return headerBytes < <u8>TCP_HEADER || <u32>headerBytes > p.l4Len;
}
