/** SECTION_SYSCTL: a value per SYSCTL_*, by the kernel's names. */
import * as abi from '../../../assembly/abi.ts';
import type { Host } from '../../host/host.ts';
import { RecordWriter } from './record-writer.ts';

const CT = 'net.netfilter.nf_conntrack_';

/** SYSCTL_* -> name. */
const NAMES: readonly (readonly [number, string])[] = [
  [abi.SYSCTL_BRIDGE_CALL_IPTABLES, 'net.bridge.bridge-nf-call-iptables'],
  [abi.SYSCTL_BRIDGE_CALL_IP6TABLES, 'net.bridge.bridge-nf-call-ip6tables'],
  [abi.SYSCTL_BRIDGE_FILTER_VLAN, 'net.bridge.bridge-nf-filter-vlan-tagged'],
  [abi.SYSCTL_CT_CHECKSUM, `${CT}checksum`],
  [abi.SYSCTL_CT_GENERIC_TIMEOUT, `${CT}generic_timeout`],
  [abi.SYSCTL_CT_ICMP_TIMEOUT, `${CT}icmp_timeout`],
  [abi.SYSCTL_CT_ICMPV6_TIMEOUT, `${CT}icmpv6_timeout`],
  [abi.SYSCTL_CT_UDP_TIMEOUT, `${CT}udp_timeout`],
  [abi.SYSCTL_CT_UDP_TIMEOUT_STREAM, `${CT}udp_timeout_stream`],
  [abi.SYSCTL_CT_GRE_TIMEOUT, `${CT}gre_timeout`],
  [abi.SYSCTL_CT_GRE_TIMEOUT_STREAM, `${CT}gre_timeout_stream`],
  [abi.SYSCTL_CT_TCP_LOOSE, `${CT}tcp_loose`],
  [abi.SYSCTL_CT_TCP_BE_LIBERAL, `${CT}tcp_be_liberal`],
  [abi.SYSCTL_CT_TCP_MAX_RETRANS, `${CT}tcp_max_retrans`],
  [abi.SYSCTL_CT_TCP_IGNORE_INVALID_RST, `${CT}tcp_ignore_invalid_rst`],
  [abi.SYSCTL_CT_TCP_TIMEOUT_SYN_SENT, `${CT}tcp_timeout_syn_sent`],
  [abi.SYSCTL_CT_TCP_TIMEOUT_SYN_RECV, `${CT}tcp_timeout_syn_recv`],
  [abi.SYSCTL_CT_TCP_TIMEOUT_ESTABLISHED, `${CT}tcp_timeout_established`],
  [abi.SYSCTL_CT_TCP_TIMEOUT_FIN_WAIT, `${CT}tcp_timeout_fin_wait`],
  [abi.SYSCTL_CT_TCP_TIMEOUT_CLOSE_WAIT, `${CT}tcp_timeout_close_wait`],
  [abi.SYSCTL_CT_TCP_TIMEOUT_LAST_ACK, `${CT}tcp_timeout_last_ack`],
  [abi.SYSCTL_CT_TCP_TIMEOUT_TIME_WAIT, `${CT}tcp_timeout_time_wait`],
  [abi.SYSCTL_CT_TCP_TIMEOUT_CLOSE, `${CT}tcp_timeout_close`],
  [abi.SYSCTL_CT_TCP_TIMEOUT_MAX_RETRANS, `${CT}tcp_timeout_max_retrans`],
  [abi.SYSCTL_CT_TCP_TIMEOUT_UNACKNOWLEDGED, `${CT}tcp_timeout_unacknowledged`],
  [abi.SYSCTL_CT_SCTP_TIMEOUT_CLOSED, `${CT}sctp_timeout_closed`],
  [abi.SYSCTL_CT_SCTP_TIMEOUT_COOKIE_WAIT, `${CT}sctp_timeout_cookie_wait`],
  [abi.SYSCTL_CT_SCTP_TIMEOUT_COOKIE_ECHOED, `${CT}sctp_timeout_cookie_echoed`],
  [abi.SYSCTL_CT_SCTP_TIMEOUT_ESTABLISHED, `${CT}sctp_timeout_established`],
  [abi.SYSCTL_CT_SCTP_TIMEOUT_SHUTDOWN_SENT, `${CT}sctp_timeout_shutdown_sent`],
  [abi.SYSCTL_CT_SCTP_TIMEOUT_SHUTDOWN_RECD, `${CT}sctp_timeout_shutdown_recd`],
  [abi.SYSCTL_CT_SCTP_TIMEOUT_SHUTDOWN_ACK_SENT, `${CT}sctp_timeout_shutdown_ack_sent`],
  [abi.SYSCTL_CT_SCTP_TIMEOUT_HEARTBEAT_SENT, `${CT}sctp_timeout_heartbeat_sent`],
  [abi.SYSCTL_CT_DCCP_TIMEOUT_REQUEST, `${CT}dccp_timeout_request`],
  [abi.SYSCTL_CT_DCCP_TIMEOUT_RESPOND, `${CT}dccp_timeout_respond`],
  [abi.SYSCTL_CT_DCCP_TIMEOUT_PARTOPEN, `${CT}dccp_timeout_partopen`],
  [abi.SYSCTL_CT_DCCP_TIMEOUT_OPEN, `${CT}dccp_timeout_open`],
  [abi.SYSCTL_CT_DCCP_TIMEOUT_CLOSEREQ, `${CT}dccp_timeout_closereq`],
  [abi.SYSCTL_CT_DCCP_TIMEOUT_CLOSING, `${CT}dccp_timeout_closing`],
  [abi.SYSCTL_CT_DCCP_TIMEOUT_TIMEWAIT, `${CT}dccp_timeout_timewait`],
  [abi.SYSCTL_IPFRAG_TIME, 'net.ipv4.ipfrag_time'],
  // conntrack's own reassembly (nf_conntrack_reasm.c), not that of the host's sockets
  [abi.SYSCTL_IP6FRAG_TIME, `${CT}frag6_timeout`],
  [abi.SYSCTL_DEFAULT_TTL, 'net.ipv4.ip_default_ttl'],
  [abi.SYSCTL_CT_MAX, `${CT}max`],
  [abi.SYSCTL_CT_ACCT, `${CT}acct`],
  [abi.SYSCTL_CT_DCCP_LOOSE, `${CT}dccp_loose`],
  [abi.SYSCTL_IP_FORWARD_USE_PMTU, 'net.ipv4.ip_forward_use_pmtu'],
];

export function encodeSysctls(host: Host): { bytes: Uint8Array; count: number } {
  const out = new RecordWriter(1, abi.SYSCTL_COUNT * 4).record();
  for (const [index, name] of NAMES) out.seek(index * 4).u32(host.sysctls.get(name) ?? 0);
  return { bytes: out.bytes, count: abi.SYSCTL_COUNT };
}
