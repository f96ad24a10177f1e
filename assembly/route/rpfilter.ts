/** The rpfilter match (net/ipv4/netfilter/ipt_rpfilter.c): would the answer leave by p.in? */
import { FAMILY_V4, IFACE_LOOPBACK, ROUTE_LOCAL, ROUTE_UNICAST } from '../abi';
import { ifaceAt } from '../host';
import { Route } from '../image';
import { Packet } from '../packet';
import { isMulticastV4 } from './addrtype';
import { fibLookup } from './fib';

export const RPFILTER_LOOSE: u32 = 1;
export const RPFILTER_VALID_MARK: u32 = 2;
export const RPFILTER_ACCEPT_LOCAL: u32 = 4;

/** Whether the reverse path holds, before `--invert`. */
export function rpfilterOk(p: Packet, flags: u32): bool {
  if (p.in != 0 && ifaceAt(p.in).kind == IFACE_LOOPBACK) return true;
  let back = p.dst;
  if (p.family == FAMILY_V4) {
    if (p.src == 0 && (p.dst == 0xffffffff || p.dst >> 8 == 0xe00000)) return true;
    if (isMulticastV4(p.dst) || p.dst == 0xffffffff) back = 0;
  }
  const mark = flags & RPFILTER_VALID_MARK ? p.mark : 0;
  const r = fibLookup(p.family, p.src, back, mark, 0, 0);
  if (r == 0) return false;
  const route = changetype<Route>(r);
  if (route.type != ROUTE_UNICAST) {
    if (route.type != ROUTE_LOCAL || !(flags & RPFILTER_ACCEPT_LOCAL)) return false;
  }
  return route.iface == p.in || (flags & RPFILTER_LOOSE) != 0;
}
