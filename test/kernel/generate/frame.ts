/** Ethernet frames of the lab, from a description. */
import { isIPv6 } from 'node:net';
import { ICMP, ICMPV6, SCTP, TCP, UDP } from '../lab/seen.ts';
import type { Family } from './topology.ts';

export interface Packet {
  readonly family: Family;
  readonly src: string;
  readonly dst: string;
  readonly proto: number;
  readonly sport: number;
  readonly dport: number;
  readonly ttl: number;
  readonly tos: number;
  readonly id: number;
  readonly dontFragment: boolean;
  /** IPv4 options, or IPv6 extension headers by their numbers. */
  readonly options: Uint8Array;
  readonly extensions: readonly number[];
  // TCP
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
  readonly window: number;
  readonly tcpOptions: Uint8Array;
  // ICMP; the id of echoes is in sport
  readonly type: number;
  readonly code: number;
  /** Behind the transport header; for other protocols, all behind the IP header. */
  readonly payload: Uint8Array;
  readonly badChecksum: boolean;
}

export const EMPTY = new Uint8Array(0);

const DEFAULTS: Packet = {
  family: 4,
  src: '0.0.0.0',
  dst: '0.0.0.0',
  proto: UDP,
  sport: 0,
  dport: 0,
  ttl: 64,
  tos: 0,
  id: 0,
  dontFragment: false,
  options: EMPTY,
  extensions: [],
  flags: 0,
  seq: 0,
  ack: 0,
  window: 64000,
  tcpOptions: EMPTY,
  type: 0,
  code: 0,
  payload: EMPTY,
  badChecksum: false,
};

export function packet(fields: Partial<Packet>): Packet {
  return { ...DEFAULTS, ...fields };
}

export function addressBytes(text: string): number[] {
  if (!isIPv6(text)) return text.split('.').map(Number);
  const [head = '', tail] = text.split('::');
  const groups = (part: string | undefined): number[] =>
    part === undefined || part === '' ? [] : part.split(':').map((group) => parseInt(group, 16));
  const [front, back] = [groups(head), groups(tail)];
  const middle = Array<number>(8 - front.length - back.length).fill(0);
  return [...front, ...middle, ...back].flatMap((group) => [group >> 8, group & 255]);
}

const be16 = (value: number): number[] => [(value >> 8) & 255, value & 255];
const be32 = (value: number): number[] => [...be16(value >>> 16), ...be16(value)];

/** The one's complement sum of 16-bit words (RFC 1071), complemented. */
export function checksum(...parts: readonly (Uint8Array | readonly number[])[]): number {
  let sum = 0;
  for (const bytes of parts) {
    for (let at = 0; at < bytes.length; at += 2) {
      sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    }
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

/** Transport header and payload, with its checksum. */
export function transport(p: Packet): Uint8Array {
  const bytes = Uint8Array.from([...header(p), ...p.payload]);
  const at = { [TCP]: 16, [UDP]: 6, [ICMP]: 2, [ICMPV6]: 2 }[p.proto];
  if (p.proto === SCTP) {
    const sum = crc32c(bytes) ^ (p.badChecksum ? 1 : 0);
    bytes.set([sum & 255, (sum >> 8) & 255, (sum >> 16) & 255, sum >>> 24], 8);
  }
  if (at === undefined) return bytes;
  const pseudo = [
    ...addressBytes(p.src),
    ...addressBytes(p.dst),
    ...be32(bytes.length),
    ...be32(p.proto),
  ];
  const right = checksum(bytes, p.proto === ICMP ? [] : pseudo);
  bytes.set(be16(p.badChecksum ? right ^ 0x5555 || 1 : right || 0xffff), at);
  return bytes;
}

function header(p: Packet): number[] {
  const ports = [...be16(p.sport), ...be16(p.dport)];
  switch (p.proto) {
    case TCP: {
      const offset = (20 + p.tcpOptions.length) << 2;
      const rest = [offset, p.flags, ...be16(p.window), 0, 0, 0, 0, ...p.tcpOptions];
      return [...ports, ...be32(p.seq), ...be32(p.ack), ...rest];
    }
    case UDP:
      return [...ports, ...be16(8 + p.payload.length), 0, 0];
    case ICMP:
    case ICMPV6:
      return [p.type, p.code, 0, 0, ...be16(p.sport), 0, 1];
    case SCTP:
      return [...ports, ...be32(0x1234), 0, 0, 0, 0];
    default:
      return [];
  }
}

/** A piece of the datagram behind the IP header. */
export interface Fragment {
  readonly offset: number;
  readonly more: boolean;
  readonly bytes: Uint8Array;
}

/** The IP packet, or a fragment of it. */
export function ipBytes(p: Packet, fragment?: Fragment): Uint8Array {
  return p.family === 4 ? ipv4(p, fragment) : ipv6(p, fragment);
}

function ipv4(p: Packet, fragment: Fragment | undefined): Uint8Array {
  const body = fragment?.bytes ?? transport(p);
  const headerBytes = 20 + p.options.length;
  const place = fragment === undefined ? 0 : (fragment.offset >> 3) | (fragment.more ? 0x2000 : 0);
  const head = [
    0x40 | (headerBytes >> 2),
    p.tos,
    ...be16(headerBytes + body.length),
    ...be16(p.id),
    ...be16(place | (p.dontFragment ? 0x4000 : 0)),
    p.ttl,
    p.proto,
    0,
    0,
    ...addressBytes(p.src),
    ...addressBytes(p.dst),
    ...p.options,
  ];
  head.splice(10, 2, ...be16(checksum(head)));
  return Uint8Array.from([...head, ...body]);
}

const FRAGMENT_HEADER = 44;
const ROUTING_HEADER = 43;

function ipv6(p: Packet, fragment: Fragment | undefined): Uint8Array {
  const chain = [...p.extensions, ...(fragment === undefined ? [] : [FRAGMENT_HEADER]), p.proto];
  const headers = chain.slice(0, -1).flatMap((kind, index) => {
    const following = chain[index + 1] ?? p.proto;
    if (kind === FRAGMENT_HEADER) {
      const { offset = 0, more = false } = fragment ?? {};
      return [following, 0, ...be16(offset | (more ? 1 : 0)), ...be32(p.id)];
    }
    if (kind === ROUTING_HEADER) return [following, 0, 4, 0, 0, 0, 0, 0]; // type 4, none left
    return [following, 0, 1, 4, 0, 0, 0, 0]; // padding of six bytes
  });
  const body = fragment?.bytes ?? transport(p);
  const head = [
    0x60 | (p.tos >> 4),
    (p.tos & 15) << 4,
    0,
    0,
    ...be16(headers.length + body.length),
    chain[0] ?? p.proto,
    p.ttl,
    ...addressBytes(p.src),
    ...addressBytes(p.dst),
  ];
  return Uint8Array.from([...head, ...headers, ...body]);
}

export function macBytes(mac: string): number[] {
  return mac.split(':').map((octet) => Number.parseInt(octet, 16));
}

export function ethernet(to: string, from: string, ip: Uint8Array, vlan?: number): Uint8Array {
  const tag = vlan === undefined ? [] : [0x81, 0x00, ...be16(vlan)];
  const type = (ip[0] ?? 0) >> 4 === 6 ? [0x86, 0xdd] : [0x08, 0x00];
  return Uint8Array.from([...macBytes(to), ...macBytes(from), ...tag, ...type, ...ip]);
}
