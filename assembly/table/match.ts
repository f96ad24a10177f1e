/**
 * One match of one rule, asked of one packet: what is left of a rule when the table has spoken, and
 * everything for packets that are walked rule by rule. A match that needs a header which is cut
 * short sets p.hotdrop; one whose answer depends on more than the volatile key sets p.sideEffects,
 * and one that depends on more of a connection than the classes of its addresses and ports
 * p.asksConnection.
 */
import {
  MATCH_ADDRESSES,
  MATCH_ADDRTYPE,
  MATCH_AH,
  MATCH_AH6,
  MATCH_BPF,
  MATCH_CLUSTER,
  MATCH_CONNBYTES,
  MATCH_CONNLABEL,
  MATCH_CONNLIMIT,
  MATCH_CONNMARK,
  MATCH_CONNTRACK,
  MATCH_DCCP,
  MATCH_DST_MASK,
  MATCH_EITHER_PORT,
  MATCH_EUI64,
  MATCH_FRAG,
  MATCH_FRAGMENT,
  MATCH_HASHLIMIT,
  MATCH_HEADER,
  MATCH_IPCOMP,
  MATCH_IPV6HEADER,
  MATCH_LIMIT,
  MATCH_MAC,
  MATCH_MARK,
  MATCH_MH,
  MATCH_OPTIONS,
  MATCH_OWNER,
  MATCH_QUOTA,
  MATCH_RANGES,
  MATCH_RECENT,
  MATCH_ROUTING,
  MATCH_RPFILTER,
  MATCH_SCTP_CHUNKS,
  MATCH_SET,
  MATCH_SPI,
  MATCH_SRC_MASK,
  MATCH_SRH,
  MATCH_STATISTIC_NTH,
  MATCH_STATISTIC_RANDOM,
  MATCH_STRING,
  MATCH_TCPMSS,
  MATCH_TCP_OPTION,
  MATCH_TIME,
  MATCH_U32,
  MATCH_VALUES,
} from '../abi-rules';
import { Packet } from '../packet';
import { rpfilterOk } from '../route/rpfilter';
import { dccpMatches, sctpChunksMatch } from './match/chunks';
import { connmarkMatches, conntrackMatches } from './match/connection';
import {
  clusterMatches,
  connbytesMatches,
  connlabelMatches,
} from './match/connection-extra';
import { bpfMatches } from './match/bpf';
import {
  ahMatches,
  ipcompMatches,
  spiMatches,
  stringMatches,
  tcpmssMatches,
  tcpOptionMatches,
  u32Matches,
} from './match/content';
import {
  addressMatches,
  addressTypeMatches,
  eitherPortMatches,
  headerIsThere,
  isInverted,
  macMatches,
  maskMatches,
  rangeMatches,
  valueMatches,
} from './match/header';
import { connlimitMatches } from './match/connlimit';
import {
  ah6Matches,
  eui64Matches,
  fragMatches,
  ipv6headerMatches,
  mhMatches,
  optionsMatch,
  routingMatches,
  srhMatches,
} from './match/extension-header';
import { hashlimitMatches } from './match/hashlimit';
import { recentMatches } from './match/recent';
import { limitMatches, nthMatches, quotaMatches, randomMatches } from './match/rate';
import { timeMatches } from './match/time';
import { matchKind, matchPayload } from './record';
import { setMatches } from './set/match';

/** Whether the match holds. */
export function matchHolds(p: Packet, match: usize): bool {
  switch (matchKind(match)) {
    case MATCH_VALUES:
      return valueMatches(p, match);
    case MATCH_RANGES:
      return rangeMatches(p, match);
    case MATCH_ADDRESSES:
      return addressMatches(p, match);
    case MATCH_HEADER:
      return headerIsThere(p, match);
    case MATCH_FRAGMENT:
      return (p.fragOff != 0) != isInverted(match);
    case MATCH_MARK: {
      const at = matchPayload(match);
      return ((p.mark & load<u32>(at)) == load<u32>(at, 4)) != isInverted(match);
    }
    case MATCH_CONNMARK:
      return connmarkMatches(p, match);
    case MATCH_OWNER:
      return load<u32>(matchPayload(match) + (p.local ? 4 : 0)) != 0;
    default:
      p.asksConnection = 1;
      return connectionHolds(p, match);
  }
}

/** Matches whose answers may differ between connections, but not between packets of one. */
function connectionHolds(p: Packet, match: usize): bool {
  switch (matchKind(match)) {
    case MATCH_SRC_MASK:
      return maskMatches(p, p.src, match);
    case MATCH_DST_MASK:
      return maskMatches(p, p.dst, match);
    case MATCH_EITHER_PORT:
      return eitherPortMatches(p, match);
    case MATCH_ADDRTYPE:
      return addressTypeMatches(p, match);
    case MATCH_CONNTRACK:
      return conntrackMatches(p, match);
    case MATCH_RPFILTER:
      return rpfilterOk(p, load<u32>(matchPayload(match))) != isInverted(match);
    case MATCH_SET:
      return setMatches(p, match);
    default:
      p.sideEffects = 1;
      return outsideKeyHolds(p, match);
  }
}

/** Matches whose answers may differ between packets with the same volatile key. */
function outsideKeyHolds(p: Packet, match: usize): bool {
  switch (matchKind(match)) {
    case MATCH_TCP_OPTION:
      return tcpOptionMatches(p, match);
    case MATCH_TCPMSS:
      return tcpmssMatches(p, match);
    case MATCH_SPI:
      return spiMatches(p, match);
    case MATCH_AH:
      return ahMatches(p, match);
    case MATCH_IPCOMP:
      return ipcompMatches(p, match);
    case MATCH_MAC:
      return macMatches(p, match);
    case MATCH_LIMIT:
      return limitMatches(p, match);
    case MATCH_STATISTIC_NTH:
      return nthMatches(match);
    case MATCH_STATISTIC_RANDOM:
      return randomMatches(p, match);
    case MATCH_HASHLIMIT:
      return hashlimitMatches(p, match);
    case MATCH_RECENT:
      return recentMatches(p, match);
    case MATCH_CONNLIMIT:
      return connlimitMatches(p, match);
    case MATCH_SCTP_CHUNKS:
      return sctpChunksMatch(p, match);
    case MATCH_DCCP:
      return dccpMatches(p, match);
    case MATCH_QUOTA:
      return quotaMatches(p, match);
    case MATCH_STRING:
      return stringMatches(p, match);
    case MATCH_U32:
      return u32Matches(p, match);
    case MATCH_TIME:
      return timeMatches(p, match);
    case MATCH_FRAG:
      return fragMatches(p, match);
    case MATCH_OPTIONS:
      return optionsMatch(p, match);
    case MATCH_ROUTING:
      return routingMatches(p, match);
    case MATCH_IPV6HEADER:
      return ipv6headerMatches(p, match);
    case MATCH_AH6:
      return ah6Matches(p, match);
    case MATCH_MH:
      return mhMatches(p, match);
    case MATCH_SRH:
      return srhMatches(p, match);
    case MATCH_EUI64:
      return eui64Matches(p);
    case MATCH_CONNBYTES:
      return connbytesMatches(p, match);
    case MATCH_CONNLABEL:
      return connlabelMatches(p, match);
    case MATCH_CLUSTER:
      return clusterMatches(p, match);
    case MATCH_BPF:
      return bpfMatches(p, match);
    default:
      return false; // MATCH_NEVER
  }
}
