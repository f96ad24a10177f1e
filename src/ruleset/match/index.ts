import type { AddrtypeMatch } from './addrtype.ts';
import type { AhMatch } from './ah.ts';
import type { BpfMatch } from './bpf.ts';
import type { CgroupMatch } from './cgroup.ts';
import type { ClusterMatch } from './cluster.ts';
import type { CommentMatch } from './comment.ts';
import type { ConnbytesMatch } from './connbytes.ts';
import type { ConnlabelMatch } from './connlabel.ts';
import type { ConnlimitMatch } from './connlimit.ts';
import type { ConntrackMatch } from './conntrack.ts';
import type { CpuMatch } from './cpu.ts';
import type { DccpMatch } from './dccp.ts';
import type { DevgroupMatch } from './devgroup.ts';
import type { DscpMatch } from './dscp.ts';
import type { EcnMatch } from './ecn.ts';
import type { EspMatch } from './esp.ts';
import type { Eui64Match } from './eui64.ts';
import type { FragMatch } from './frag.ts';
import type { HashlimitMatch } from './hashlimit.ts';
import type { HelperMatch } from './helper.ts';
import type { IcmpMatch } from './icmp.ts';
import type { IpcompMatch } from './ipcomp.ts';
import type { IprangeMatch } from './iprange.ts';
import type { Ipv6headerMatch } from './ipv6header.ts';
import type { IpvsMatch } from './ipvs.ts';
import type { LengthMatch } from './length.ts';
import type { LimitMatch } from './limit.ts';
import type { MacMatch } from './mac.ts';
import type { MarkMatch } from './mark.ts';
import type { MhMatch } from './mh.ts';
import type { MultiportMatch } from './multiport.ts';
import type { NfacctMatch } from './nfacct.ts';
import type { OptionsHeaderMatch } from './options-header.ts';
import type { OsfMatch } from './osf.ts';
import type { OwnerMatch } from './owner.ts';
import type { PhysdevMatch } from './physdev.ts';
import type { PkttypeMatch } from './pkttype.ts';
import type { PolicyMatch } from './policy.ts';
import type { QuotaMatch } from './quota.ts';
import type { RateestMatch } from './rateest.ts';
import type { RealmMatch } from './realm.ts';
import type { RecentMatch } from './recent.ts';
import type { RpfilterMatch } from './rpfilter.ts';
import type { RtMatch } from './rt.ts';
import type { SctpMatch } from './sctp.ts';
import type { SetMatch } from './set.ts';
import type { SocketMatch } from './socket.ts';
import type { SrhMatch } from './srh.ts';
import type { StateMatch } from './state.ts';
import type { StatisticMatch } from './statistic.ts';
import type { StringMatch } from './string.ts';
import type { TcpMatch } from './tcp.ts';
import type { TcpmssMatch } from './tcpmss.ts';
import type { TimeMatch } from './time.ts';
import type { TosMatch } from './tos.ts';
import type { TtlMatch } from './ttl.ts';
import type { U32Match } from './u32.ts';
import type { UdpMatch } from './udp.ts';
import type { UnknownMatch } from './unknown.ts';

/** Every match that a rule can have, told apart by `kind`. */
export type Match =
  | AddrtypeMatch
  | AhMatch
  | BpfMatch
  | CgroupMatch
  | ClusterMatch
  | CommentMatch
  | ConnbytesMatch
  | ConnlabelMatch
  | ConnlimitMatch
  | ConntrackMatch
  | CpuMatch
  | DccpMatch
  | DevgroupMatch
  | DscpMatch
  | EcnMatch
  | EspMatch
  | Eui64Match
  | FragMatch
  | HashlimitMatch
  | HelperMatch
  | IcmpMatch
  | IpcompMatch
  | IprangeMatch
  | Ipv6headerMatch
  | IpvsMatch
  | LengthMatch
  | LimitMatch
  | MacMatch
  | MarkMatch
  | MhMatch
  | MultiportMatch
  | NfacctMatch
  | OptionsHeaderMatch
  | OsfMatch
  | OwnerMatch
  | PhysdevMatch
  | PkttypeMatch
  | PolicyMatch
  | QuotaMatch
  | RateestMatch
  | RealmMatch
  | RecentMatch
  | RpfilterMatch
  | RtMatch
  | SctpMatch
  | SetMatch
  | SocketMatch
  | SrhMatch
  | StateMatch
  | StatisticMatch
  | StringMatch
  | TcpMatch
  | TcpmssMatch
  | TimeMatch
  | TosMatch
  | TtlMatch
  | U32Match
  | UdpMatch
  | UnknownMatch;

export type MatchKind = Match['kind'];
