/** Every match that a rule can load. A new kind is added here and in index.ts. */
import { type Extension, extensionsByFamily } from '../extension.ts';
import type { Family } from '../values.ts';
import { addrtypeExtension } from './addrtype.ts';
import { ah6Extension, ahExtension } from './ah.ts';
import { bpfExtension } from './bpf.ts';
import { cgroupExtension } from './cgroup.ts';
import { clusterExtension } from './cluster.ts';
import { commentExtension } from './comment.ts';
import { connbytesExtension } from './connbytes.ts';
import { connlabelExtension } from './connlabel.ts';
import { connlimitExtension } from './connlimit.ts';
import { conntrackExtension } from './conntrack.ts';
import { cpuExtension } from './cpu.ts';
import { dccpExtension } from './dccp.ts';
import { devgroupExtension } from './devgroup.ts';
import { dscpExtension } from './dscp.ts';
import { ecnExtension } from './ecn.ts';
import { espExtension } from './esp.ts';
import { eui64Extension } from './eui64.ts';
import { fragExtension } from './frag.ts';
import { hashlimitExtension } from './hashlimit.ts';
import { helperExtension } from './helper.ts';
import { icmp6Extension, icmpExtension } from './icmp.ts';
import type { Match } from './index.ts';
import { ipcompExtension } from './ipcomp.ts';
import { iprangeExtension } from './iprange.ts';
import { ipv6headerExtension } from './ipv6header.ts';
import { ipvsExtension } from './ipvs.ts';
import { lengthExtension } from './length.ts';
import { limitExtension } from './limit.ts';
import { macExtension } from './mac.ts';
import { connmarkExtension, markExtension } from './mark.ts';
import { mhExtension } from './mh.ts';
import { multiportExtension } from './multiport.ts';
import { nfacctExtension } from './nfacct.ts';
import { dstExtension, hbhExtension } from './options-header.ts';
import { osfExtension } from './osf.ts';
import { ownerExtension } from './owner.ts';
import { physdevExtension } from './physdev.ts';
import { pkttypeExtension } from './pkttype.ts';
import { policyExtension } from './policy.ts';
import { quotaExtension } from './quota.ts';
import { rateestExtension } from './rateest.ts';
import { realmExtension } from './realm.ts';
import { recentExtension } from './recent.ts';
import { rpfilterExtension } from './rpfilter.ts';
import { rtExtension } from './rt.ts';
import { sctpExtension } from './sctp.ts';
import { setExtension } from './set.ts';
import { socketExtension } from './socket.ts';
import { srhExtension } from './srh.ts';
import { stateExtension } from './state.ts';
import { statisticExtension } from './statistic.ts';
import { stringExtension } from './string.ts';
import { tcpExtension } from './tcp.ts';
import { tcpmssExtension } from './tcpmss.ts';
import { timeExtension } from './time.ts';
import { tosExtension } from './tos.ts';
import { hlExtension, ttlExtension } from './ttl.ts';
import { u32Extension } from './u32.ts';
import { udpExtension, udpliteExtension } from './udp.ts';

const EXTENSIONS: readonly Extension<Match>[] = [
  addrtypeExtension,
  ahExtension,
  ah6Extension,
  bpfExtension,
  cgroupExtension,
  clusterExtension,
  commentExtension,
  connbytesExtension,
  connlabelExtension,
  connlimitExtension,
  conntrackExtension,
  cpuExtension,
  dccpExtension,
  devgroupExtension,
  dscpExtension,
  ecnExtension,
  espExtension,
  eui64Extension,
  fragExtension,
  hashlimitExtension,
  helperExtension,
  icmpExtension,
  icmp6Extension,
  ipcompExtension,
  iprangeExtension,
  ipv6headerExtension,
  ipvsExtension,
  lengthExtension,
  limitExtension,
  macExtension,
  markExtension,
  connmarkExtension,
  mhExtension,
  multiportExtension,
  nfacctExtension,
  hbhExtension,
  dstExtension,
  osfExtension,
  ownerExtension,
  physdevExtension,
  pkttypeExtension,
  policyExtension,
  quotaExtension,
  rateestExtension,
  realmExtension,
  recentExtension,
  rpfilterExtension,
  rtExtension,
  sctpExtension,
  setExtension,
  socketExtension,
  srhExtension,
  stateExtension,
  statisticExtension,
  stringExtension,
  tcpExtension,
  tcpmssExtension,
  timeExtension,
  tosExtension,
  ttlExtension,
  hlExtension,
  u32Extension,
  udpExtension,
  udpliteExtension,
];

const BY_FAMILY = extensionsByFamily(EXTENSIONS);

export function matchExtension(family: Family, name: string): Extension<Match> | undefined {
  return BY_FAMILY[family].get(name);
}
