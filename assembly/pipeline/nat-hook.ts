/**
 * NAT at a hook, as nf_nat_inet_fn() (net/netfilter/nf_nat_core.c): only a connection whose mapping
 * for this manipulation is undecided asks the chain; without an answer it gets its null binding.
 */
import { CT_NEW, CT_RELATED, FAMILY_V4, TABLE_NAT, VERDICT_ACCEPT, VERDICT_NAT } from '../abi';
import { natInitialized, nullBinding, setupTarget, translate } from '../nat/index';
import { Packet } from '../packet';
import { addressesChanged } from '../chain/index';
import { isNatActive, walkChain } from './hooks';

const PROTO_ICMP: u8 = 1;
const PROTO_ICMPV6: u8 = 58;

/** Decides (if need be) and applies the mapping of `manip` to the packet. */
export function natHook(p: Packet, manip: u32): u32 {
  if (p.conn == 0 || !isNatActive(p.family)) return VERDICT_ACCEPT;
  const icmp = p.family == FAMILY_V4 ? PROTO_ICMP : PROTO_ICMPV6;
  const isError = p.ctState == CT_RELATED && p.proto == icmp;
  if (!isError && (p.ctState == CT_NEW || p.ctState == CT_RELATED)) {
    if (!natInitialized(p, manip)) {
      let v = walkChain(p, TABLE_NAT);
      if (v == VERDICT_NAT) v = setupTarget(p, manip);
      if (v != VERDICT_ACCEPT) return v;
      if (!natInitialized(p, manip)) {
        v = nullBinding(p, manip);
        if (v != VERDICT_ACCEPT) return v;
      }
    }
  }
  const src = p.src;
  const dst = p.dst;
  const ports = <u32>p.sport | ((<u32>p.dport) << 16);
  translate(p, manip);
  if (p.src != src || p.dst != dst || (<u32>p.sport | ((<u32>p.dport) << 16)) != ports) {
    addressesChanged(p);
  }
  return VERDICT_ACCEPT;
}
