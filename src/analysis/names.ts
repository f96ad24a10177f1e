/** The words of the outside contracts for the core's codes. Index: the code. */
import { CT_UNTRACKED } from '../../assembly/abi.ts';

export const ROLES = ['inject', 'observe', 'ignore'] as const;
export type Role = (typeof ROLES)[number];

export const PATHS = [null, 'forward', 'input', 'output', 'bridge'] as const;
export type Path = Exclude<(typeof PATHS)[number], null>;

export const VERDICTS = [null, 'accept', 'drop', 'reject', 'queue'] as const;
export type Verdict = Exclude<(typeof VERDICTS)[number], null>;

export const REASONS = [
  null,
  'rule',
  'policy',
  'no-route',
  'forwarding-off',
  'rp-filter',
  'martian',
  'ttl',
  'malformed',
  'otherhost',
  'not-ip',
  'not-host',
  'fragment',
  'no-port',
  'hotdrop',
  'nat-failed',
  'observed',
  'no-rules',
  'pkttype',
  'blackhole',
  'mtu',
  'conntrack',
] as const;
export type Reason = Exclude<(typeof REASONS)[number], null>;

export const CLASSES = [
  'other',
  'published',
  'unpublished',
  'egress',
  'same-network',
  'inter-network',
  'internal',
  'direct-routed',
  'hairpin',
  'host',
  'to-host',
] as const;
export type TrafficClass = (typeof CLASSES)[number];

const CT_STATES = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'] as const;
export type CtState = (typeof CT_STATES)[number];

/** null: the packet never met connection tracking. */
export function ctStateName(code: number): CtState | null {
  return code <= CT_UNTRACKED ? (CT_STATES[code] ?? null) : null;
}

export const FAULTS = [
  null,
  'not-ip',
  'truncated',
  'ip-version',
  'ip-header-length',
  'ip-total-length',
  'ip-checksum',
  'link-type',
  'ip-options',
] as const;

export const DIFFERENCES = [null, 'dropped', 'interface', 'address'] as const;
export type DifferenceKind = Exclude<(typeof DIFFERENCES)[number], null>;

/** Protocol names as they are commonly written; others are numbers. */
const PROTOCOLS = new Map([
  [1, 'icmp'],
  [2, 'igmp'],
  [4, 'ipip'],
  [6, 'tcp'],
  [17, 'udp'],
  [33, 'dccp'],
  [41, 'ipv6'],
  [47, 'gre'],
  [50, 'esp'],
  [51, 'ah'],
  [58, 'icmpv6'],
  [89, 'ospf'],
  [103, 'pim'],
  [108, 'ipcomp'],
  [112, 'vrrp'],
  [132, 'sctp'],
  [136, 'udplite'],
]);

export function protocolName(proto: number): string {
  return PROTOCOLS.get(proto) ?? String(proto);
}

/** The name of a code, or a word that at least says which code has none. */
export function nameOf<T extends string>(names: readonly (T | null)[], code: number): T | null {
  return names[code] ?? null;
}
