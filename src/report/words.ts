import type { DifferenceKind, Reason, TrafficClass } from '../analysis/names.ts';

/** What the classes mean, for people who do not know iptables by heart. */
export const CLASS_MEANING: Readonly<Record<TrafficClass, string>> = {
  published: 'to a published port',
  unpublished: 'to a container, not published',
  egress: 'containers to the outside',
  'same-network': 'within one Docker network',
  'inter-network': 'between Docker networks',
  internal: 'to or from an internal network',
  'direct-routed': "to a container's own address",
  hairpin: 'to a port published here',
  host: 'sent by the host',
  'to-host': 'to the host itself',
  other: 'no container involved',
};

/** Who decided, where it was neither a rule nor a policy. */
export const REASON_MEANING: Readonly<Record<Reason, string>> = {
  rule: 'a rule',
  policy: 'a policy',
  'no-route': 'no route to the destination',
  'forwarding-off': 'forwarding is off on the incoming interface',
  'rp-filter': 'the source is not reachable through the incoming interface (rp_filter)',
  martian: 'an address that cannot be on the wire (martian)',
  ttl: 'the time to live ran out',
  malformed: 'malformed',
  otherhost: "addressed to another host's MAC",
  'not-ip': 'not IP',
  'not-host': 'not on an interface of the host',
  fragment: 'a fragment whose datagram never became whole',
  'no-port': 'no other bridge port to leave by',
  hotdrop: 'a header too short for a match that needs it',
  'nat-failed': 'no free port for the translation',
  observed: 'the same packet, seen further on',
  'no-rules': 'no rule and no policy on its way',
  pkttype: 'a unicast packet in a broadcast frame is not forwarded',
  blackhole: 'a blackhole, unreachable or prohibit route',
  mtu: 'too long for the way out, and not to be fragmented',
  conntrack: 'dropped by connection tracking',
};

export const DIFFERENCE_MEANING: Readonly<Record<DifferenceKind, string>> = {
  dropped: 'was to be dropped, and left',
  interface: 'left by another interface',
  address: 'left with other addresses or ports',
};

const LINK_TYPES = new Map([
  [0, 'null/loopback'],
  [1, 'Ethernet'],
  [12, 'raw IP'],
  [14, 'raw IP'],
  [101, 'raw IP'],
  [108, 'null/loopback'],
  [113, 'Linux cooked'],
  [228, 'raw IPv4'],
  [229, 'raw IPv6'],
  [276, 'Linux cooked v2'],
]);

export function linkTypeName(linkType: number): string {
  return LINK_TYPES.get(linkType) ?? `link type ${linkType}`;
}
