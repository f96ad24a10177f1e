/** SECTION_CONNTRACK: connections known at the start. */
import { KNOWN_CONN_SIZE } from '../../../assembly/abi.ts';
import type { KnownConnection } from '../../host/conntrack.ts';
import type { Host } from '../../host/host.ts';
import { RecordWriter } from './record-writer.ts';

// enum ip_conntrack_status
const IPS_SEEN_REPLY = 1 << 1;
const IPS_ASSURED = 1 << 2;
const IPS_CONFIRMED = 1 << 3;
const IPS_SRC_NAT = 1 << 4;
const IPS_DST_NAT = 1 << 5;
const IPS_SRC_NAT_DONE = 1 << 7;
const IPS_DST_NAT_DONE = 1 << 8;

const IPPROTO_ICMP = 1;
const IPPROTO_TCP = 6;
const IPPROTO_DCCP = 33;
const IPPROTO_ICMPV6 = 58;
const IPPROTO_SCTP = 132;

/** Offloaded connections have no timeout listed; the kernel gives them a day (NF_CT_DAY). */
const OFFLOADED_TIMEOUT_SEC = 86400;

/** Where a KnownConn's addresses begin. */
const KNOWN_CONN_HEAD = 64;

/** State names in the kernel's numbering (tcp_conntrack_names and its like); index: the number. */
const STATES: ReadonlyMap<number, readonly string[]> = new Map([
  [
    IPPROTO_TCP,
    [
      'NONE',
      'SYN_SENT',
      'SYN_RECV',
      'ESTABLISHED',
      'FIN_WAIT',
      'CLOSE_WAIT',
      'LAST_ACK',
      'TIME_WAIT',
      'CLOSE',
      'SYN_SENT2',
    ],
  ],
  [
    IPPROTO_SCTP,
    [
      'NONE',
      'CLOSED',
      'COOKIE_WAIT',
      'COOKIE_ECHOED',
      'ESTABLISHED',
      'SHUTDOWN_SENT',
      'SHUTDOWN_RECD',
      'SHUTDOWN_ACK_SENT',
      'HEARTBEAT_SENT',
      'HEARTBEAT_ACKED',
    ],
  ],
  [
    IPPROTO_DCCP,
    [
      'NONE',
      'REQUEST',
      'RESPOND',
      'PARTOPEN',
      'OPEN',
      'CLOSEREQ',
      'CLOSING',
      'TIMEWAIT',
      'IGNORE',
      'INVALID',
    ],
  ],
]);

function stateNumber({ proto, state }: KnownConnection): number {
  return state === null ? 0 : Math.max(0, STATES.get(proto)?.indexOf(state) ?? 0);
}

/** Translations show in a reply that is not the original reversed. */
function statusBits(connection: KnownConnection): number {
  const { proto, original, reply } = connection;
  const icmp = proto === IPPROTO_ICMP || proto === IPPROTO_ICMPV6;
  // an ICMP id is translated as a source port is, and both tuples keep it in the same field
  const replySourceOfOriginal = icmp ? reply.sport : reply.dport;
  const source = reply.dst !== original.src || replySourceOfOriginal !== original.sport;
  const destination = reply.src !== original.dst || (!icmp && reply.sport !== original.dport);
  return (
    IPS_CONFIRMED |
    IPS_SRC_NAT_DONE |
    IPS_DST_NAT_DONE |
    (connection.seenReply ? IPS_SEEN_REPLY : 0) |
    (connection.assured ? IPS_ASSURED : 0) |
    (source ? IPS_SRC_NAT : 0) |
    (destination ? IPS_DST_NAT : 0)
  );
}

function zoneDirections({ zone, zoneDirection }: KnownConnection): number {
  if (zone === 0) return 0;
  return (zoneDirection === 'reply' ? 0 : 1) | (zoneDirection === 'original' ? 0 : 2);
}

export function encodeConnections(host: Host): { bytes: Uint8Array; count: number } {
  const out = new RecordWriter(host.conntrack.length, KNOWN_CONN_SIZE);
  for (const connection of host.conntrack) {
    const { family, original, reply } = connection;
    out.record().u32(statusBits(connection)).u32(connection.mark);
    out.u32(connection.timeoutSec ?? OFFLOADED_TIMEOUT_SEC).u16(connection.zone);
    out.u8(connection.proto).u8(family).u8(stateNumber(connection));
    out.u8(zoneDirections(connection)).u16(0);
    out.u16(original.sport).u16(original.dport).u16(reply.sport).u16(reply.dport).u32(0);
    out.u64(original.packets).u64(original.bytes).u64(reply.packets).u64(reply.bytes);
    out.seek(KNOWN_CONN_HEAD).address(original.src, family).address(original.dst, family);
    out.address(reply.src, family).address(reply.dst, family);
  }
  return { bytes: out.bytes, count: host.conntrack.length };
}
