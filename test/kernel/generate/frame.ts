/** Ethernet frames of the lab: written from a description, and read back. */
import { isIPv6 } from 'node:net';
import type { Family } from './topology.ts';

export const TCP = 6;
export const UDP = 17;
export const ICMP = 1;
export const ICMPV6 = 58;
export const GRE = 47;
export const ESP = 50;
export const SCTP = 132;
export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;
export const URG = 32;

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

/** As the kernel and dockfw write addresses (RFC 5952). */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  const runs = groups.join(':').match(/(^|:)0(:0)+(:|$)/g) ?? [];
  const longest = runs.reduce((a, b) => (b.length > a.length ? b : a), '');
  return longest === '' ? groups.join(':') : groups.join(':').replace(longest, '::');
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

/** What can be read of a packet that left the host or was delivered. */
export interface Seen {
  readonly family: Family;
  readonly src: string;
  readonly dst: string;
  readonly proto: number;
  readonly ttl: number;
  /** Fragment offset in bytes. */
  readonly frag: number;
  readonly sport: number | null;
  readonly dport: number | null;
  readonly icmpId: number | null;
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
  /** Bytes behind the transport header. */
  readonly payload: number;
  /** The IP packet. */
  readonly bytes: Uint8Array;
}

const ECHOES = [0, 8, 128, 129];

/** Reads an IP packet; null when it is none. */
export function readIp(bytes: Uint8Array): Seen | null {
  const version = (bytes[0] ?? 0) >> 4;
  if (version !== 4 && version !== 6) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at: number;
  let proto: number;
  let frag = 0;
  if (version === 4) {
    at = ((bytes[0] ?? 0) & 15) * 4;
    proto = bytes[9] ?? 0;
    frag = (view.getUint16(6) & 0x1fff) * 8;
  } else {
    at = 40;
    proto = bytes[6] ?? 0;
    while ([0, 43, 44, 60].includes(proto) && at + 8 <= bytes.length) {
      const following = bytes[at] ?? 0;
      if (proto === FRAGMENT_HEADER) frag = view.getUint16(at + 2) & 0xfff8;
      at += proto === FRAGMENT_HEADER ? 8 : ((bytes[at + 1] ?? 0) + 1) * 8;
      proto = following;
    }
  }
  const has = (count: number): boolean => frag === 0 && at + count <= bytes.length;
  const hasPorts = [TCP, UDP, SCTP].includes(proto) && has(4);
  const isEcho = [ICMP, ICMPV6].includes(proto) && has(8) && ECHOES.includes(bytes[at] ?? 255);
  const isTcp = proto === TCP && has(20);
  const head = isTcp ? ((bytes[at + 12] ?? 0) >> 4) * 4 : 8;
  return {
    family: version,
    src: addressText(version === 4 ? bytes.subarray(12, 16) : bytes.subarray(8, 24)),
    dst: addressText(version === 4 ? bytes.subarray(16, 20) : bytes.subarray(24, 40)),
    proto,
    ttl: bytes[version === 4 ? 8 : 7] ?? 0,
    frag,
    sport: hasPorts ? view.getUint16(at) : null,
    dport: hasPorts ? view.getUint16(at + 2) : null,
    icmpId: isEcho ? view.getUint16(at + 4) : null,
    type: has(1) ? (bytes[at] ?? 0) : 0,
    flags: isTcp ? (bytes[at + 13] ?? 0) : 0,
    seq: isTcp ? view.getUint32(at + 4) : 0,
    ack: isTcp ? view.getUint32(at + 8) : 0,
    payload: Math.max(0, bytes.length - at - head),
    bytes,
  };
}

/** Destination and source MAC of a frame, and its IP packet; null when there is none. */
export function readEthernet(frame: Uint8Array): { to: string; from: string; ip: Seen | null } {
  const mac = (at: number): string =>
    [...frame.subarray(at, at + 6)].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
  const tagged = frame[12] === 0x81 && frame[13] === 0;
  return { to: mac(0), from: mac(6), ip: readIp(frame.subarray(tagged ? 18 : 14)) };
}
