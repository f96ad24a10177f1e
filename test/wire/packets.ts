/** Builds captures byte by byte: packets, frames around them, files around those. */
import { addressBytes, GATEWAY_MAC, macBytes, UPLINK } from './image.ts';

export type Bytes = readonly number[];

export function be16(value: number): Bytes {
  return [(value >> 8) & 255, value & 255];
}

export function be32(value: number): Bytes {
  return [...be16(value >>> 16), ...be16(value & 0xffff)];
}

/** One's complement sum of big-endian words, as a checksum field holds it. */
export function checksum(bytes: Bytes): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

export interface Ipv4 {
  readonly src?: string;
  readonly dst?: string;
  readonly proto?: number;
  readonly ttl?: number;
  readonly tos?: number;
  readonly id?: number;
  /** Flags and offset as in the header. */
  readonly frag?: number;
  readonly options?: Bytes;
  readonly version?: number;
  readonly ihl?: number;
  readonly total?: number;
  readonly badChecksum?: boolean;
  readonly payload?: Bytes;
}

export function ipv4(fields: Ipv4 = {}): Bytes {
  const { options = [], payload = [], version = 4 } = fields;
  const ihl = fields.ihl ?? 5 + options.length / 4;
  const total = fields.total ?? 20 + options.length + payload.length;
  const header = [
    (version << 4) | ihl,
    fields.tos ?? 0,
    ...be16(total),
    ...be16(fields.id ?? 0),
    ...be16(fields.frag ?? 0),
    fields.ttl ?? 64,
    fields.proto ?? 17,
    ...be16(0),
    ...addressBytes(fields.src ?? '8.8.8.8').subarray(0, 4),
    ...addressBytes(fields.dst ?? '192.168.1.10').subarray(0, 4),
    ...options,
  ];
  const sum = checksum(header) ^ (fields.badChecksum ? 0x0100 : 0);
  header[10] = sum >> 8;
  header[11] = sum & 255;
  return [...header, ...payload];
}

export interface Ipv6 {
  readonly src?: string;
  readonly dst?: string;
  readonly next?: number;
  readonly hopLimit?: number;
  readonly trafficClass?: number;
  readonly version?: number;
  readonly payloadLength?: number;
  readonly payload?: Bytes;
}

export function ipv6(fields: Ipv6 = {}): Bytes {
  const { payload = [], trafficClass = 0, version = 6 } = fields;
  return [
    (version << 4) | (trafficClass >> 4),
    (trafficClass & 15) << 4,
    ...be16(0),
    ...be16(fields.payloadLength ?? payload.length),
    fields.next ?? 17,
    fields.hopLimit ?? 64,
    ...addressBytes(fields.src ?? '2001:db8::1'),
    ...addressBytes(fields.dst ?? '2001:db8::10'),
    ...payload,
  ];
}

export function udp(sport: number, dport: number, payload: Bytes = []): Bytes {
  return [...be16(sport), ...be16(dport), ...be16(8 + payload.length), 0, 0, ...payload];
}

export function tcp(sport: number, dport: number, flags: number, payload: Bytes = []): Bytes {
  const head = [...be16(sport), ...be16(dport), ...be32(1), ...be32(2), 0x50, flags];
  return [...head, ...be16(1000), 0, 0, 0, 0, ...payload];
}

/** An ICMP or ICMPv6 message. */
export function icmp(type: number, code: number, rest: Bytes): Bytes {
  const sum = checksum([type, code, 0, 0, ...rest]);
  return [type, code, ...be16(sum), ...rest];
}

export interface Ethernet {
  readonly dst?: string;
  readonly src?: string;
  readonly type?: number;
  /** 802.1Q tags: TPID and VLAN id. */
  readonly tags?: readonly (readonly [tpid: number, vlan: number])[];
}

/** From the gateway to the host, unless said otherwise. */
export function ethernet(payload: Bytes, fields: Ethernet = {}): Bytes {
  const type = fields.type ?? ((payload[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800);
  return [
    ...macBytes(fields.dst ?? UPLINK.mac ?? ''),
    ...macBytes(fields.src ?? GATEWAY_MAC),
    ...(fields.tags ?? []).flatMap(([tpid, vlan]) => [...be16(tpid), ...be16(vlan)]),
    ...be16(type),
    ...payload,
  ];
}

export interface Captured {
  readonly data: Bytes;
  /** Original length; default: all of it. */
  readonly length?: number;
  /** Units since the epoch; default: the number of the frame. */
  readonly time?: bigint;
  /** pcapng: number of the interface. */
  readonly iface?: number;
  /** pcapng: epb_flags. */
  readonly flags?: number;
}

export interface Order {
  readonly big?: boolean;
}

function writer({ big = false }: Order) {
  const put = (value: number, bytes: number): number[] => {
    const out = Array.from({ length: bytes }, (_, i) => Math.floor(value / 2 ** (8 * i)) & 255);
    return big ? out.reverse() : out;
  };
  return { u16: (v: number) => put(v, 2), u32: (v: number) => put(v >>> 0, 4) };
}

export interface PcapOptions extends Order {
  readonly magic?: number;
  readonly linkType?: number;
  readonly major?: number;
}

/** A pcap file; times are in its unit. */
export function pcap(
  packets: readonly (Captured | Bytes)[],
  options: PcapOptions = {},
): Uint8Array {
  const { u16, u32 } = writer(options);
  const { magic = 0xa1b2c3d4, linkType = 1, major = 2 } = options;
  const unit = magic === 0xa1b23c4d ? 1_000_000_000n : 1_000_000n;
  const head = [u32(magic), u16(major), u16(4), u32(0), u32(0), u32(262144), u32(linkType)];
  const records = packets.map(captured).map(({ data, length = data.length, time }, i) => {
    const at = time ?? BigInt(i + 1);
    const record = [u32(Number(at / unit)), u32(Number(at % unit)), u32(data.length), u32(length)];
    return [...record.flat(), ...(magic === 0xa1b2cd34 ? u32(0).concat(u32(0)) : []), ...data];
  });
  return Uint8Array.from([...head.flat(), ...records.flat()]);
}

function captured(packet: Captured | Bytes): Captured {
  return 'data' in packet ? packet : { data: packet };
}

const pad = (bytes: Bytes): Bytes => [...bytes, ...Array<number>(-bytes.length & 3).fill(0)];

/** One block of a pcapng file. */
export function block(type: number, body: Bytes, order: Order = {}): Bytes {
  const { u32 } = writer(order);
  const total = u32(12 + pad(body).length);
  return [...u32(type), ...total, ...pad(body), ...total];
}

export function option(code: number, value: Bytes, order: Order = {}): Bytes {
  const { u16 } = writer(order);
  return [...u16(code), ...u16(value.length), ...pad(value)];
}

export function sectionBlock(order: Order = {}): Bytes {
  const { u16, u32 } = writer(order);
  const body = [u32(0x1a2b3c4d), u16(1), u16(0), u32(0xffffffff), u32(0xffffffff)];
  return block(0x0a0d0d0a, body.flat(), order);
}

export interface InterfaceBlock {
  readonly name?: string;
  readonly linkType?: number;
  readonly snapLen?: number;
  readonly resolution?: number;
  /** if_tsoffset, seconds. */
  readonly offset?: number;
}

export function interfaceBlock(spec: InterfaceBlock = {}, order: Order = {}): Bytes {
  const { u16, u32 } = writer(order);
  const options: Bytes[] = [];
  if (spec.name !== undefined) {
    options.push(option(2, [...new TextEncoder().encode(spec.name)], order));
  }
  if (spec.resolution !== undefined) options.push(option(9, [spec.resolution], order));
  if (spec.offset !== undefined) {
    const high = u32(spec.offset < 0 ? 0xffffffff : 0);
    const low = u32(spec.offset);
    options.push(option(14, order.big ? [...high, ...low] : [...low, ...high], order));
  }
  if (options.length > 0) options.push(option(0, [], order));
  const head = [u16(spec.linkType ?? 1), u16(0), u32(spec.snapLen ?? 0)];
  return block(1, [...head, ...options].flat(), order);
}

export function packetBlock(packet: Captured | Bytes, order: Order = {}): Bytes {
  const { u32 } = writer(order);
  const { data, length = data.length, time = 1n, iface = 0, flags } = captured(packet);
  const head = [u32(iface), u32(Number(time >> 32n)), u32(Number(time & 0xffffffffn))];
  const options =
    flags === undefined ? [] : [...option(2, u32(flags), order), ...option(0, [], order)];
  return block(
    6,
    [...head.flat(), ...u32(data.length), ...u32(length), ...pad(data), ...options],
    order,
  );
}

/** A pcapng file of one section: interfaces, then packets. */
export function pcapng(
  interfaces: readonly InterfaceBlock[],
  packets: readonly (Captured | Bytes)[],
  order: Order = {},
): Uint8Array {
  return Uint8Array.from(
    [
      sectionBlock(order),
      ...interfaces.map((spec) => interfaceBlock(spec, order)),
      ...packets.map((packet) => packetBlock(packet, order)),
    ].flat(),
  );
}
