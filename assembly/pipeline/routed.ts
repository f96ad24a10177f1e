/**
 * Received packets that reach IP on an interface: routed to the host itself or forwarded
 * (ip_rcv_finish, ip_local_deliver, ip_forward, ip_output).
 */
import {
  FAMILY_V4,
  FRAME_FRAGMENT,
  FRAME_REASSEMBLED,
  IFACE_FORWARDING_V6,
  PACKET_HOST,
  PATH_FORWARD,
  PATH_INPUT,
  REASON_FORWARDING_OFF,
  REASON_FRAGMENT,
  REASON_MALFORMED,
  REASON_MARTIAN,
  REASON_MTU,
  REASON_PKTTYPE,
  REASON_SOURCE_ROUTE,
  REASON_TTL,
  VERDICT_ACCEPT,
  VERDICT_DROP,
} from '../abi';
import { v6Bytes } from '../address';
import { ifaceAt } from '../host';
import { Packet } from '../packet';
import {
  isAcceptableV6,
  maySendOnV6,
  ROUTED_DROP,
  ROUTED_LOCAL,
  routeInput,
  routeOut,
  routeReason,
} from '../route/input';
import { FRAGMENT_LAST, FRAGMENT_QUEUED } from '../wire/datagram';
import { judgeOptions, OPTIONS_FINE, OPTIONS_SOURCE_ROUTE } from '../wire/ipv4-options';
import { cachedOutcome, takeCached } from './cached';
import { takeOpening } from './opening';
import { forwardHook, inputHook, postroutingHook, preroutingRaw, preroutingRest } from './hooks';
import { outcome, TOWARDS_ROUTED } from './outcome';
import { reassemble } from './reassemble';

const DONT_FRAGMENT: u8 = 0x40;

/** Whether the packet is too long for `out` and may not be cut (ip_exceeds_mtu). */
export function exceedsMtu(p: Packet, out: u32): bool {
  const mtu = ifaceAt(out).mtu;
  if (mtu == 0 || p.ipLen <= mtu) return false;
  // Of what was fragmented, the fragments matter (ip6_pkt_too_big): a link took them.
  if (p.family != FAMILY_V4) return !(p.flags & FRAME_REASSEMBLED);
  return (load<u8>(p.l3, 6) & DONT_FRAGMENT) != 0;
}

export function dropMartian(): u32 {
  outcome.reason = <u8>REASON_MARTIAN;
  return VERDICT_DROP;
}

/** A packet received on p.in, from the start of ip_rcv(). */
export function receive(p: Packet): u32 {
  if (p.family != FAMILY_V4 && !isAcceptableV6(p)) return dropMartian();
  let v = preroutingRaw(p);
  if (v != VERDICT_ACCEPT) return v;
  if (takeCached(p, TOWARDS_ROUTED)) return v;
  if (takeOpening(p)) return cachedOutcome().verdict;
  v = preroutingRest(p);
  outcome.dstAfterPrerouting = p.dst;
  return v == VERDICT_ACCEPT ? routeOnwards(p) : v;
}

/** Goes on after PREROUTING. The verdict; path, reason and out-interface are in `outcome`. */
export function routeOnwards(p: Packet): u32 {
  const routed = routeInput(p);
  if (routed == ROUTED_DROP) {
    outcome.reason = <u8>routeReason();
    return VERDICT_DROP;
  }
  const options = p.family == FAMILY_V4 ? judgeOptions(p.l3, p.capLen) : OPTIONS_FINE;
  if (options != OPTIONS_FINE) {
    const isRoute = options == OPTIONS_SOURCE_ROUTE;
    outcome.reason = <u8>(isRoute ? REASON_SOURCE_ROUTE : REASON_MALFORMED);
    return VERDICT_DROP;
  }
  if (routed == ROUTED_LOCAL) return deliverLocally(p);
  // ip6_forward() asks, where IPv4's routing did: what stays on a bridge after DNAT never gets here
  if (p.family != FAMILY_V4 && !(ifaceAt(p.in).flags & IFACE_FORWARDING_V6)) {
    outcome.reason = <u8>REASON_FORWARDING_OFF;
    return VERDICT_DROP;
  }
  return forwardPacket(p, routeOut());
}

export function deliverLocally(p: Packet): u32 {
  outcome.path = <u8>PATH_INPUT;
  p.out = 0;
  p.physOut = 0;
  if (p.flags & FRAME_FRAGMENT && p.family == FAMILY_V4) {
    const became = reassemble(p);
    if (became != FRAGMENT_LAST) {
      outcome.reason = <u8>REASON_FRAGMENT;
      return became == FRAGMENT_QUEUED ? VERDICT_ACCEPT : VERDICT_DROP;
    }
  }
  return inputHook(p);
}

function forwardPacket(p: Packet, out: u32): u32 {
  outcome.path = <u8>PATH_FORWARD;
  outcome.out = <u16>out;
  if (p.pktType != PACKET_HOST) {
    outcome.reason = <u8>REASON_PKTTYPE;
    return VERDICT_DROP;
  }
  if (p.ttl <= 1) {
    outcome.reason = <u8>REASON_TTL;
    return VERDICT_DROP;
  }
  if (p.family != FAMILY_V4 && <u32>p.in != out && !maySendOnV6(v6Bytes(p.src))) {
    return dropMartian();
  }
  if (exceedsMtu(p, out)) {
    outcome.reason = <u8>REASON_MTU;
    return VERDICT_DROP;
  }
  p.ttl--;
  p.out = <u16>out;
  p.bridged = 0;
  const v = forwardHook(p);
  return v == VERDICT_ACCEPT ? postroutingHook(p) : v;
}
