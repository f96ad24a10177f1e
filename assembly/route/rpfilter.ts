/** The rpfilter match (net/ipv4/netfilter/ipt_rpfilter.c): would the answer leave by p.in? */
import { FAMILY_V4, IFACE_LOOPBACK, ROUTE_LOCAL, ROUTE_MULTICAST, ROUTE_UNICAST } from '../abi';
import { v6Bytes } from '../address';
import { ifaceAt } from '../host';
import { Route } from '../image';
import { Packet } from '../packet';
import { isMulticastV4 } from './addrtype';
import { fibLookup } from './fib';
import { isLinkLocalV6 } from './group';

export const RPFILTER_LOOSE: u32 = 1;
export const RPFILTER_VALID_MARK: u32 = 2;
export const RPFILTER_ACCEPT_LOCAL: u32 = 4;

/** Whether the reverse path holds, before `--invert`. */
export function rpfilterOk(p: Packet, flags: u32): bool {
  if (p.in != 0 && ifaceAt(p.in).kind == IFACE_LOOPBACK) return true;
  const mark = flags & RPFILTER_VALID_MARK ? p.mark : 0;
  const r = p.family == FAMILY_V4 ? reverseV4(p, mark) : reverseV6(p, mark);
  if (r == ALWAYS) return true;
  if (r == 0) return false;
  const route = changetype<Route>(r);
  if (route.type == ROUTE_LOCAL) {
    if (!(flags & RPFILTER_ACCEPT_LOCAL)) return false;
    if (p.family != FAMILY_V4) return true;
  } else if (route.type != ROUTE_UNICAST) {
    // IPv6 asks for no rejecting and no anycast route only
    if (p.family == FAMILY_V4 || route.type != ROUTE_MULTICAST) return false;
  }
  return route.iface == p.in || (flags & RPFILTER_LOOSE) != 0;
}

const ALWAYS: usize = 1;

/** Route back to the packet's source; ALWAYS where there is nothing to ask. */
function reverseV4(p: Packet, mark: u32): usize {
  if (p.src == 0 && (p.dst == 0xffffffff || p.dst >> 8 == 0xe00000)) return ALWAYS;
  const back = isMulticastV4(p.dst) || p.dst == 0xffffffff ? 0 : p.dst;
  return fibLookup(p.family, p.src, back, mark, 0, 0);
}

/** As rpfilter_lookup_reverse6(). Every interface has routes to link-local addresses and groups. */
function reverseV6(p: Packet, mark: u32): usize {
  const src = v6Bytes(p.src);
  if (load<u64>(src) == 0 && load<u64>(src, 8) == 0) return ALWAYS;
  const everywhere = isLinkLocalV6(src) || load<u8>(src) == 0xff;
  return fibLookup(p.family, p.src, p.dst, mark, 0, everywhere ? p.in : 0);
}
