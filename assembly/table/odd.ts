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
const LENGTH_BITS: u32 = 16;

/**
 * Bytes of transport header that the matches for a protocol ask for (0: none do): TCP 20; DCCP, AH
 * and SCTP 12; ICMP, UDP, ESP, ICMPv6 and UDP-Lite 8; MH 6; IPComp 4.
 */
// biome-ignore format: by protocol, sixteen a row
const NEEDS: usize = memory.data<u8>([
  0, 8, 0, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, // 0
  0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // 16
  0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // 32
  0, 0, 8, 12, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, // 48
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // 64
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // 80
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, // 96
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // 112
  0, 0, 0, 0, 12, 0, 0, 6, 8, 0, 0, 0, 0, 0, 0, 0, // 128
]);
const LAST_NEED: u32 = 143;

export function isOdd(p: Packet): bool {
  return oddity(p) != 0;
}

/** Not 0: odd. All conditions at once, as which protocol comes next is not worth a guess. */
@inline
export function oddity(p: Packet): u32 {
  const hasTcp = <u32>(p.l4Cap >= TCP_HEADER);
  // where there is no such byte, any will do
  const offset = load<u8>(select<usize>(p.l4, changetype<usize>(p), hasTcp), TCP_OFFSET_BYTE);
  const need: u32 = load<u8>(NEEDS + min<u32>(p.proto, LAST_NEED));
  const isTcp = <u32>(p.proto == TCP) & hasTcp;
  const headerBytes = select<u32>((offset >> 4) * 4, need, isTcp);
  return (
    p.fragOff |
    (p.ipLen >> LENGTH_BITS) |
    (p.flags & FRAME_HEADERS) |
    <u32>(headerBytes < need) |
    <u32>(p.l4Len < max<u32>(headerBytes, need))
  );
}
