/** From matches of the syntax tree to matches of the image. */
import type { Match, MatchKind } from '../../ruleset/match/index.ts';
import { lowerBpf } from './bpf.ts';
import { NEVER } from './condition.ts';
import {
  lowerCluster,
  lowerConnbytes,
  lowerConnlabel,
  lowerConntrack,
  lowerState,
} from './connection.ts';
import { lowerString, lowerTime, lowerU32 } from './content.ts';
import { type LowerContext, type LoweredMatch, type MatchOf, Refused } from './context.ts';
import {
  lowerAh6,
  lowerEui64,
  lowerFrag,
  lowerIpv6header,
  lowerMh,
  lowerOptions,
  lowerRt,
  lowerSrh,
} from './extension-header.ts';
import {
  lowerAddrtype,
  lowerDevgroup,
  lowerDscp,
  lowerEcn,
  lowerIprange,
  lowerLength,
  lowerMac,
  lowerMark,
  lowerOwner,
  lowerPhysdev,
  lowerPkttype,
  lowerRpfilter,
  lowerTos,
  lowerTtl,
  zeroHolds,
} from './field.ts';
import { lowerLimit, lowerQuota, lowerStatistic } from './rate.ts';
import { lowerSetMatch } from './set.ts';
import { lowerConnlimit, lowerHashlimit, lowerRecent } from './stateful.ts';
import {
  lowerAh,
  lowerDccp,
  lowerEsp,
  lowerIcmp,
  lowerIpcomp,
  lowerMultiport,
  lowerSctp,
  lowerTcp,
  lowerTcpmss,
  lowerUdp,
} from './transport.ts';

type Lowering<Kind extends MatchKind> = (
  match: MatchOf<Kind>,
  context: LowerContext,
) => readonly LoweredMatch[] | Refused;

function refuse(reason: string): () => Refused {
  return () => new Refused(reason);
}

const always = (): LoweredMatch[] => [];
const when = (holds: boolean): LoweredMatch[] => (holds ? [] : [NEVER]);

/** One entry per kind: a kind that the syntax tree gains does not type-check until it is here. */
const LOWERINGS: { readonly [Kind in MatchKind]: Lowering<Kind> } = {
  addrtype: lowerAddrtype,
  ah: (ah, { family }) => (family === 4 ? lowerAh(ah) : lowerAh6(ah)),
  bpf: lowerBpf,
  cgroup: refuse('a capture does not tell the control group of a packet'),
  cluster: lowerCluster,
  comment: always,
  connbytes: lowerConnbytes,
  connlabel: lowerConnlabel,
  connlimit: lowerConnlimit,
  connmark: lowerMark,
  conntrack: lowerConntrack,
  cpu: refuse('which processor handles a packet cannot be known'),
  dccp: lowerDccp,
  devgroup: lowerDevgroup,
  dscp: lowerDscp,
  dst: lowerOptions,
  ecn: lowerEcn,
  esp: lowerEsp,
  eui64: lowerEui64,
  frag: lowerFrag,
  hashlimit: lowerHashlimit,
  hbh: lowerOptions,
  // Expected connections do not occur, so no connection has a master with a helper (xt_helper.c).
  helper: ({ invert }) => when(invert),
  hl: lowerTtl,
  icmp: lowerIcmp,
  icmp6: lowerIcmp,
  ipcomp: lowerIpcomp,
  iprange: lowerIprange,
  ipv6header: lowerIpv6header,
  ipvs: ({ ipvs }) => when(ipvs === false),
  length: lowerLength,
  limit: lowerLimit,
  mac: lowerMac,
  mark: lowerMark,
  mh: lowerMh,
  multiport: lowerMultiport,
  nfacct: always,
  osf: refuse('passive fingerprints are not evaluated'),
  owner: lowerOwner,
  physdev: lowerPhysdev,
  pkttype: lowerPkttype,
  // No packet of a capture has been through IPsec as far as anybody can tell.
  policy: ({ policy }) => when(policy === 'none'),
  quota: lowerQuota,
  rateest: refuse('rate estimators are not kept'),
  realm: (realm) => when(zeroHolds(realm)),
  recent: lowerRecent,
  rpfilter: lowerRpfilter,
  rt: lowerRt,
  sctp: lowerSctp,
  set: lowerSetMatch,
  // Sockets of the host are not in a snapshot.
  socket: refuse('the sockets of a host are not in its snapshot'),
  srh: lowerSrh,
  state: lowerState,
  statistic: lowerStatistic,
  string: lowerString,
  tcp: lowerTcp,
  tcpmss: lowerTcpmss,
  time: lowerTime,
  tos: lowerTos,
  ttl: lowerTtl,
  u32: lowerU32,
  udp: lowerUdp,
  udplite: lowerUdp,
  unknown: ({ name }) => new Refused(`match "${name}" is not known`),
};

/** Kinds whose matches follow from the node alone: rules that share a node share what it becomes. */
const SHARED: ReadonlySet<MatchKind> = new Set([
  'addrtype',
  'conntrack',
  'icmp',
  'icmp6',
  'iprange',
  'mac',
  'mark',
  'multiport',
  'physdev',
  'state',
  'tcp',
  'udp',
]);

export function isShared({ kind }: Match): boolean {
  return SHARED.has(kind);
}

export function lowerMatch(match: Match, context: LowerContext): readonly LoweredMatch[] | Refused {
  // The table's type ties each key to its node; TypeScript cannot follow that through an index.
  const lowering = LOWERINGS[match.kind] as Lowering<MatchKind>;
  return lowering(match, context);
}
