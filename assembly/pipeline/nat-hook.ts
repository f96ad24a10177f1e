/**
 * NAT at a hook, as nf_nat_inet_fn() (net/netfilter/nf_nat_core.c): only a connection whose mapping
 * for this manipulation is undecided asks the chain; without an answer it gets its null binding.
 */
import {
  CT_NEW,
  CT_RELATED,
  FAMILY_V4,
  HOOK_POSTROUTING,
  REASON_NAT_FAILED,
  TABLE_NAT,
  VERDICT_ACCEPT,
  VERDICT_DROP,
  VERDICT_NAT,
} from '../abi';
import { Conn } from '../conntrack/conn';
import { kill } from '../conntrack/index';
import { natInitialized, nullBinding, outChanged, setupTarget, translate } from '../nat/index';
import { Packet } from '../packet';
import { addressesChanged } from '../table/index';
import { isNatActive, walkChain } from './hooks';
import { outcome } from './outcome';

const PROTO_ICMP: u8 = 1;
const PROTO_ICMPV6: u8 = 58;

/** Passes a verdict of NAT itself on: a drop is no rule's. */
@inline
function orFailed(verdict: u32): u32 {
  if (verdict != VERDICT_ACCEPT) outcome.reason = <u8>REASON_NAT_FAILED;
  return verdict;
}

/** Decides (if need be) and applies the mapping of `manip` to the packet. */
export function natHook(p: Packet, manip: u32): u32 {
  if (p.conn == 0 || !isNatActive(p.family)) return VERDICT_ACCEPT;
  const conn = changetype<Conn>(<usize>p.conn);
  const icmp = p.family == FAMILY_V4 ? PROTO_ICMP : PROTO_ICMPV6;
  const isError = p.ctState == CT_RELATED && p.proto == icmp;
  const asks = !isError && (p.ctState == CT_NEW || p.ctState == CT_RELATED);
  if (asks && !natInitialized(p, manip)) {
    let v = walkChain(p, TABLE_NAT);
    if (v == VERDICT_NAT) v = orFailed(setupTarget(p, manip));
    if (v != VERDICT_ACCEPT) return v;
    if (!natInitialized(p, manip)) {
      v = orFailed(nullBinding(p, manip));
      if (v != VERDICT_ACCEPT) return v;
    }
  } else if (!isError && p.hook == HOOK_POSTROUTING && outChanged(conn, p.ctDir, p.out)) {
    kill(conn);
    return orFailed(VERDICT_DROP);
  }
  const src = p.src;
  const dst = p.dst;
  const ports = <u32>p.sport | ((<u32>p.dport) << 16);
  const verdict = orFailed(translate(p, manip));
  if (p.src != src || p.dst != dst || (<u32>p.sport | ((<u32>p.dport) << 16)) != ports) {
    addressesChanged(p);
  }
  return verdict;
}
