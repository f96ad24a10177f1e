import { Buffer } from 'node:buffer';

const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const TCP_HEADER = 20;
const UDP_HEADER = 8;
const ICMP_HEADER = 8;
const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMPV6 = 58;
const WINDOW = 64240;

/** Header fields of a packet; addresses as 4 or 16 bytes in network order. */
export interface PacketFields {
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
  readonly proto: number;
  readonly sport: number;
  readonly dport: number;
  /** TCP flags as in the header. */
  readonly tcpFlags: number;
  readonly icmpType: number;
  readonly icmpCode: number;
  readonly icmpId: number;
  readonly ttl: number;
  readonly tos: number;
  readonly payload: number;
}

/** An IP packet with these fields and right checksums; its payload is zeroes. */
export function packetBytes(fields: PacketFields): Buffer {
  const transport = transportBytes(fields);
  const header =
    fields.src.length === 4
      ? ipv4Header(fields, transport.length)
      : ipv6Header(fields, transport.length);
  return Buffer.concat([header, transport]);
}

/** RFC 791 §3.1 */
function ipv4Header({ src, dst, proto, ttl, tos }: PacketFields, length: number): Buffer {
  const header = Buffer.alloc(IPV4_HEADER);
  header.writeUInt8(0x45, 0);
  header.writeUInt8(tos, 1);
  header.writeUInt16BE(IPV4_HEADER + length, 2);
  header.writeUInt16BE(0x4000, 6); // don't fragment
  header.writeUInt8(ttl, 8);
  header.writeUInt8(proto, 9);
  header.set(src, 12);
  header.set(dst, 16);
  header.writeUInt16BE(checksum([header]), 10);
  return header;
}

/** RFC 8200 §3 */
function ipv6Header({ src, dst, proto, ttl, tos }: PacketFields, length: number): Buffer {
  const header = Buffer.alloc(IPV6_HEADER);
  header.writeUInt32BE(0x60000000 + tos * 0x100000, 0);
  header.writeUInt16BE(length, 4);
  header.writeUInt8(proto, 6);
  header.writeUInt8(ttl, 7);
  header.set(src, 8);
  header.set(dst, 24);
  return header;
}

function transportBytes(fields: PacketFields): Buffer {
  const { proto, payload } = fields;
  switch (proto) {
    case TCP: {
      const bytes = Buffer.alloc(TCP_HEADER + payload);
      bytes.writeUInt16BE(fields.sport, 0);
      bytes.writeUInt16BE(fields.dport, 2);
      bytes.writeUInt32BE(1, 4); // sequence number
      bytes.writeUInt8((TCP_HEADER / 4) << 4, 12);
      bytes.writeUInt8(fields.tcpFlags, 13);
      bytes.writeUInt16BE(WINDOW, 14);
      bytes.writeUInt16BE(checksum([pseudoHeader(fields, bytes.length), bytes]), 16);
      return bytes;
    }
    case UDP: {
      const bytes = Buffer.alloc(UDP_HEADER + payload);
      bytes.writeUInt16BE(fields.sport, 0);
      bytes.writeUInt16BE(fields.dport, 2);
      bytes.writeUInt16BE(bytes.length, 4);
      bytes.writeUInt16BE(checksum([pseudoHeader(fields, bytes.length), bytes]) || 0xffff, 6);
      return bytes;
    }
    case ICMP:
    case ICMPV6: {
      const bytes = Buffer.alloc(ICMP_HEADER + payload);
      bytes.writeUInt8(fields.icmpType, 0);
      bytes.writeUInt8(fields.icmpCode, 1);
      bytes.writeUInt16BE(fields.icmpId, 4);
      const before = proto === ICMPV6 ? [pseudoHeader(fields, bytes.length)] : [];
      bytes.writeUInt16BE(checksum([...before, bytes]), 2);
      return bytes;
    }
    default:
      return Buffer.alloc(payload);
  }
}

/** RFC 9293 §3.1 and RFC 8200 §8.1; the sum is the same whatever the width of the length. */
function pseudoHeader({ src, dst, proto }: PacketFields, length: number): Buffer {
  const rest = Buffer.alloc(8);
  rest.writeUInt32BE(length, 0);
  rest.writeUInt8(proto, 7);
  return Buffer.concat([src, dst, rest]);
}

/** RFC 1071 */
function checksum(parts: readonly Buffer[]): number {
  const bytes = Buffer.concat(parts);
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += at + 1 < bytes.length ? bytes.readUInt16BE(at) : bytes.readUInt8(at) << 8;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
