/** ICMP messages that quote the packet that they are about: which do, and where. */
import { IPPROTO_ICMPV6 } from './transport';

export const ICMP_REDIRECT: u32 = 5;
export const NDISC_REDIRECT: u32 = 137;

const ERROR_HEADER: u32 = 8;
/** A redirect of IPv6 names a better way and a destination; options follow. */
export const REDIRECT_HEADER: u32 = 40;
/** Where it quotes: in its first option, behind eight bytes that say so. */
export const REDIRECT_QUOTE: u32 = REDIRECT_HEADER + 8;

/** Where a message quotes a packet, counted from its own header; 0: it quotes none. */
@inline
export function quoteOf(proto: u32, type: u32): u32 {
  if (proto == IPPROTO_ICMPV6) {
    if (type < 128) return ERROR_HEADER;
    return type == NDISC_REDIRECT ? REDIRECT_QUOTE : 0;
  }
  const isError = type == 3 || type == 4 || type == ICMP_REDIRECT || type == 11 || type == 12;
  return isError ? ERROR_HEADER : 0; // icmp_is_err
}
