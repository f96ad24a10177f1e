/** The packet as the oracle sees it, and its frame on the wire. */
import type { Connection } from './connections.ts';
import { linkOf } from './topology.ts';

export const TCP = 6;
export const UDP = 17;
export const ICMP = 1;
export const SYN = 2;
export const ECHO_REQUEST = 8;
export const ECHO_REPLY = 0;

export type PacketType = 'unicast' | 'broadcast';
export type State = 'NEW' | 'ESTABLISHED' | 'INVALID' | 'UNTRACKED';
export type Direction = 'original' | 'reply';

/** A packet as it comes in: what the capture holds. */
export interface Arrival {
  /** Since the start of the capture. */
  readonly timeSec: number;
  readonly in: string;
  readonly srcMac: string;
  readonly type: PacketType;
  readonly src: number;
  readonly dst: number;
  readonly proto: number;
  /** ICMP echo: the id in both. */
  readonly sport: number;
  readonly dport: number;
  readonly tcpFlags: number;
  readonly icmpType: number;
  readonly ttl: number;
  readonly tos: number;
  /** Bytes behind the transport header. */
  readonly payload: number;
  readonly badChecksum: boolean;
}

/** The same on its way through the host: rules and NAT change it. */
export interface Packet {
  readonly arrival: Arrival;
  readonly in: string;
  out: string | null;
  src: number;
  dst: number;
  readonly proto: number;
  sport: number;
  dport: number;
  ttl: number;
  tos: number;
  /** IP total length. */
  length: number;
  mssAdded: boolean;
  mark: number;
  connection: Connection | null;
  /** null before connection tracking, and where nothing uses it. */
  state: State | null;
  direction: Direction;
}

const IP_HEADER = 20;

function transportHeader(proto: number): number {
  return proto === TCP ? 20 : 8;
}

export function packetOf(arrival: Arrival): Packet {
  return {
    arrival,
    in: arrival.in,
    out: null,
    src: arrival.src,
    dst: arrival.dst,
    proto: arrival.proto,
    sport: arrival.sport,
    dport: arrival.dport,
    ttl: arrival.ttl,
    tos: arrival.tos,
    length: IP_HEADER + transportHeader(arrival.proto) + arrival.payload,
    mssAdded: false,
    mark: 0,
    connection: null,
    state: null,
    direction: 'original',
  };
}

function macBytes(mac: string): number[] {
  return mac.split(':').map((octet) => Number.parseInt(octet, 16));
}

/** The one's complement sum of 16-bit words (RFC 1071), complemented. */
function checksum(bytes: Uint8Array, start: number): number {
  let sum = start;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** The Ethernet frame. */
export function frameOf(arrival: Arrival): Uint8Array {
  const head = transportHeader(arrival.proto);
  const length = IP_HEADER + head + arrival.payload;
  const frame = new Uint8Array(14 + length);
  const to = arrival.type === 'broadcast' ? 'ff:ff:ff:ff:ff:ff' : linkOf(arrival.in).mac;
  frame.set([...macBytes(to), ...macBytes(arrival.srcMac), 0x08, 0x00]);
  const ipHeader = new DataView(frame.buffer, 14, IP_HEADER);
  ipHeader.setUint8(0, 0x45);
  ipHeader.setUint8(1, arrival.tos);
  ipHeader.setUint16(2, length);
  ipHeader.setUint8(8, arrival.ttl);
  ipHeader.setUint8(9, arrival.proto);
  ipHeader.setUint32(12, arrival.src);
  ipHeader.setUint32(16, arrival.dst);
  ipHeader.setUint16(10, checksum(frame.subarray(14, 14 + IP_HEADER), 0));
  const transport = new DataView(frame.buffer, 14 + IP_HEADER, head + arrival.payload);
  const bytes = frame.subarray(14 + IP_HEADER);
  let pseudo = 0;
  let checksumAt = 2;
  if (arrival.proto === ICMP) {
    transport.setUint8(0, arrival.icmpType);
    transport.setUint16(4, arrival.sport);
  } else {
    transport.setUint16(0, arrival.sport);
    transport.setUint16(2, arrival.dport);
    for (const address of [arrival.src, arrival.dst]) {
      pseudo += (address >>> 16) + (address & 0xffff);
    }
    pseudo += arrival.proto + bytes.length;
    checksumAt = arrival.proto === TCP ? 16 : 6;
    if (arrival.proto === TCP) {
      transport.setUint32(4, 1000);
      transport.setUint8(12, 5 << 4);
      transport.setUint8(13, arrival.tcpFlags);
      transport.setUint16(14, 64000);
    } else {
      transport.setUint16(4, bytes.length);
    }
  }
  const right = checksum(bytes, pseudo);
  // 0 in UDP means "none", hence never a wrong one
  transport.setUint16(checksumAt, arrival.badChecksum ? right ^ 0x5555 || 0x1111 : right || 0xffff);
  return frame;
}
