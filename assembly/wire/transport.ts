/**
 * Transport headers: ports, TCP flags, ICMP type and id. A field is filled when its bytes were
 * captured, else it stays 0; judging a short header is left to the matches that need it.
 */
import { FrameRecord } from '../packet';
import { be16 } from './bytes';

export const IPPROTO_ICMP: u32 = 1;
export const IPPROTO_TCP: u32 = 6;
export const IPPROTO_UDP: u32 = 17;
export const IPPROTO_DCCP: u32 = 33;
export const IPPROTO_ICMPV6: u32 = 58;
export const IPPROTO_NONE: u32 = 59;
export const IPPROTO_SCTP: u32 = 132;
export const IPPROTO_UDPLITE: u32 = 136;

const PORTS_END: u32 = 4;
const TCP_FLAGS: u32 = 13;
const ICMP_ID: u32 = 4;
const ICMP_ID_END: u32 = 6;

const ICMP_ECHOREPLY: u32 = 0;
const ICMP_ECHO: u32 = 8;
const ICMP_TIMESTAMP: u32 = 13;
const ICMP_ADDRESSREPLY: u32 = 18;
const ICMPV6_ECHO_REQUEST: u32 = 128;
const ICMPV6_ECHO_REPLY: u32 = 129;

/** Whether a protocol's tuple holds source and destination ports. DCCP's does not since 6.17. */
@inline
export function hasTuplePorts(proto: u32): bool {
  return (
    proto == IPPROTO_TCP ||
    proto == IPPROTO_UDP ||
    proto == IPPROTO_SCTP ||
    proto == IPPROTO_UDPLITE
  );
}

/** Whether a protocol's header begins with a source and a destination port. */
@inline
export function hasPorts(proto: u32): bool {
  return hasTuplePorts(proto) || proto == IPPROTO_DCCP;
}

/** Fills what the transport header at `l4`, of which `cap` bytes were captured, says. */
@inline
export function transport(f: FrameRecord, proto: u32, l4: usize, cap: u32): void {
  f.proto = <u8>proto;
  if (proto == IPPROTO_TCP) {
    if (cap > TCP_FLAGS) {
      const ports = bswap<u32>(load<u32>(l4));
      f.sport = <u16>(ports >> 16);
      f.dport = <u16>ports;
      f.tcpFlags = load<u8>(l4, TCP_FLAGS);
      return;
    }
  } else if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6) {
    icmp(f, proto, l4, cap);
    return;
  }
  if (cap >= PORTS_END && hasPorts(proto)) {
    const ports = bswap<u32>(load<u32>(l4));
    f.sport = <u16>(ports >> 16);
    f.dport = <u16>ports;
  }
}

function icmp(f: FrameRecord, proto: u32, l4: usize, cap: u32): void {
  if (cap == 0) return;
  const type = <u32>load<u8>(l4);
  f.icmp = <u8>type;
  if (cap < ICMP_ID_END) return;
  const hasId =
    proto == IPPROTO_ICMP
      ? type == ICMP_ECHO ||
        type == ICMP_ECHOREPLY ||
        (type >= ICMP_TIMESTAMP && type <= ICMP_ADDRESSREPLY)
      : type == ICMPV6_ECHO_REQUEST || type == ICMPV6_ECHO_REPLY;
  if (!hasId) return;
  const id = be16(l4 + ICMP_ID);
  f.sport = <u16>id;
  f.dport = <u16>id;
}
