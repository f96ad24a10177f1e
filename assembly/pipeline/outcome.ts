/** What becomes of the packet at hand, and what that means for a Docker host. */
import {
  CLASS_DIRECT_ROUTED,
  CLASS_EGRESS,
  CLASS_HAIRPIN,
  CLASS_HOST,
  CLASS_INTER_NETWORK,
  CLASS_INTERNAL,
  CLASS_OTHER,
  CLASS_PUBLISHED,
  CLASS_SAME_NETWORK,
  CLASS_TO_HOST,
  CLASS_UNPUBLISHED,
  DIR_REPLY,
  NETWORK_HOST,
  NETWORK_INTERNAL,
  NETWORK_OUTSIDE,
  PATH_BRIDGE,
  PATH_INPUT,
  ROUTE_UNICAST,
  VERDICT_ACCEPT,
} from '../abi';
import { Conn, IPS_DST_NAT } from '../conntrack/conn';
import { ifaceAt, networkAt } from '../host';
import { Route } from '../image';
import { clear } from '../memory';
import { Packet } from '../packet';
import { fibLookup, routeIface } from '../route/fib';

/** Outcome.towards and Traversal.flags: a cached traversal holds for frames led the same way. */
export const TOWARDS_ROUTED: u8 = 0; // no bridge
export const TOWARDS_HOST: u8 = 1;
export const TOWARDS_PORT: u8 = 2;
export const TOWARDS_MANY: u8 = 3;

/** The outcome so far; one per worker. */
@unmanaged
export class Outcome {
  path: u8;
  reason: u8; // REASON_NONE: a rule or policy decided
  towards: u8; // TOWARDS_*: where the link layer led
  began: u8; // the packet began a connection
  out: u16;
  physOut: u16;
  firstIn: u16; // the interface of arrival; for a port, its bridge
  firstPhysIn: u16;
  dstAfterPrerouting: u32;
  cacheKey: u32; // 0: the traversal must not be cached
  cached: u32; // the Traversal that was repeated, or 0
  opening: u8; // opening.ts noted the packet's key
  opened: u8; // `cached` is an opening's
  pad: u16;
  copied: u32; // 1: a promiscuous bridge forwarded a copy, without its source translated
  srcNetwork: u16; // of the connection's original direction
  dstNetwork: u16;
  // tuple on arrival
  src: u32;
  dst: u32;
  sport: u16;
  dport: u16;
}

export let outcome: Outcome = changetype<Outcome>(0);

export function attachOutcome(at: usize): void {
  outcome = changetype<Outcome>(at);
}

export function resetOutcome(p: Packet): void {
  clear(changetype<usize>(outcome), (offsetof<Outcome>() + 15) & ~15);
  outcome.src = p.src;
  outcome.dst = p.dst;
  outcome.sport = p.sport;
  outcome.dport = p.dport;
}

function networkOf(iface: u32): u32 {
  return iface == 0 ? NETWORK_OUTSIDE : ifaceAt(iface).network;
}

/** Network of an address that the packet has not been routed to. */
function networkOfAddress(p: Packet, handle: u32): u32 {
  const r = fibLookup(p.family, handle, handle, 0, 0, 0);
  if (r == 0) return NETWORK_OUTSIDE;
  if (changetype<Route>(r).type != ROUTE_UNICAST) return NETWORK_HOST;
  return networkOf(routeIface(r));
}

function isInternal(network: u32): bool {
  if (network == NETWORK_OUTSIDE || network == NETWORK_HOST) return false;
  return (networkAt(network).flags & NETWORK_INTERNAL) != 0;
}

/** CLASS_* of the packet, and the networks at both ends of its connection (into `outcome`). */
export function classify(p: Packet, verdict: u32): u32 {
  let from: u32 = p.local ? NETWORK_HOST : networkOf(outcome.firstIn);
  let to: u32 = NETWORK_OUTSIDE;
  if (outcome.path == PATH_INPUT) to = NETWORK_HOST;
  else if (outcome.out != 0) to = networkOf(outcome.out);
  else to = networkOfAddress(p, p.dst);
  const conn = changetype<Conn>(<usize>p.conn);
  let dnat = false;
  if (p.conn != 0) {
    dnat = (conn.status & IPS_DST_NAT) != 0;
    if (p.ctDir == DIR_REPLY) {
      const t = from;
      from = to;
      to = t;
    }
  }
  outcome.srcNetwork = <u16>from;
  outcome.dstNetwork = <u16>to;
  if (from == NETWORK_HOST) return CLASS_HOST;
  if (to == NETWORK_HOST) return CLASS_TO_HOST;
  if (from == NETWORK_OUTSIDE) {
    if (to == NETWORK_OUTSIDE)
      return outcome.path == PATH_BRIDGE ? CLASS_SAME_NETWORK : CLASS_OTHER;
    if (dnat) return CLASS_PUBLISHED;
    return verdict == VERDICT_ACCEPT ? CLASS_DIRECT_ROUTED : CLASS_UNPUBLISHED;
  }
  if (dnat) return CLASS_HAIRPIN;
  if (from == to) return CLASS_SAME_NETWORK;
  if (isInternal(from) || isInternal(to)) return CLASS_INTERNAL;
  return to == NETWORK_OUTSIDE ? CLASS_EGRESS : CLASS_INTER_NETWORK;
}
