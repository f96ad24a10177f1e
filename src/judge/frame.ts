import { Buffer } from 'node:buffer';
import { UsageError } from '../errors.ts';
import type { Host, Interface } from '../host/host.ts';
import { addressBytes, parseAddress } from '../ruleset/address.ts';
import type { Address, Family, MacAddress } from '../ruleset/values.ts';
import { packetBytes } from './bytes.ts';
import type { PacketSpec } from './packet.ts';
import { type Frame, LINKTYPE_ETHERNET, LINKTYPE_RAW } from './pcapng.ts';

const UDP = 17;
const PROTOCOLS: ReadonlyMap<unknown, number> = new Map([
  ['tcp', 6],
  ['udp', UDP],
  ['icmp', 1],
  ['icmpv6', 58],
]);
const TCP_FLAGS = 'FSRPAUEC';
const ECHO_REQUEST_V4 = 8;
const ECHO_REQUEST_V6 = 128;
const ETHERTYPE = { 4: 0x0800, 6: 0x86dd } as const;
const DEFAULT_SPORT = 40000;
/** A locally administered address for senders that nobody knows. */
const SOMEBODY: MacAddress = 0x02_00_00_00_00_01;
const MAX_PAYLOAD = 65000;

/** The frame in which the packet would reach the host (or leave it, if it sends it itself). */
export function frameOf(host: Host, spec: PacketSpec): Frame {
  const { family, address: src } = readAddress(spec.src, 'src');
  const { family: dstFamily, address: dst } = readAddress(spec.dst, 'dst');
  if (family !== dstFamily) throw new UsageError('src and dst: one is IPv4 and one IPv6');
  const proto = protocolOf(spec);
  const packet = packetBytes({
    src: addressBytes(src, family),
    dst: addressBytes(dst, family),
    proto,
    sport: number(spec.sport ?? DEFAULT_SPORT, 0xffff, 'sport'),
    dport: number(spec.dport ?? (proto === UDP ? 53 : 80), 0xffff, 'dport'),
    tcpFlags: flagsOf(spec.flags ?? 'S'),
    icmpType: number(
      spec.icmp?.type ?? (family === 4 ? ECHO_REQUEST_V4 : ECHO_REQUEST_V6),
      255,
      'icmp.type',
    ),
    icmpCode: number(spec.icmp?.code ?? 0, 255, 'icmp.code'),
    icmpId: number(spec.icmp?.id ?? 1, 0xffff, 'icmp.id'),
    ttl: number(spec.ttl ?? 64, 255, 'ttl'),
    tos: number(spec.tos ?? 0, 255, 'tos'),
    payload: number(spec.payload ?? 0, MAX_PAYLOAD, 'payload'),
  });
  const isLocal = spec.in === undefined || spec.in === null;
  const iface = isLocal ? anyUplink(host) : interfaceNamed(host, spec.in ?? '');
  if (isLocal || iface.mac === null) {
    const direction = isLocal ? 'out' : 'in';
    return { iface: iface.name, linkType: LINKTYPE_RAW, direction, bytes: packet };
  }
  const header = Buffer.alloc(14);
  const to = spec.dstMac === undefined ? receiver(host, iface, family, dst) : mac(spec.dstMac);
  const from = spec.srcMac === undefined ? neighbour(host, family, src) : mac(spec.srcMac);
  header.writeUIntBE(to, 0, 6);
  header.writeUIntBE(from ?? SOMEBODY, 6, 6);
  header.writeUInt16BE(ETHERTYPE[family], 12);
  const bytes = Buffer.concat([header, packet]);
  return { iface: iface.name, linkType: LINKTYPE_ETHERNET, direction: 'in', bytes };
}

/** A port's frames go to who has the address behind the same bridge, all others to the host. */
function receiver(host: Host, iface: Interface, family: Family, dst: Address): MacAddress {
  const bridge = host.interfaces[iface.master - 1];
  if (bridge === undefined) return iface.mac ?? 0;
  return neighbour(host, family, dst, bridge.id) ?? bridge.mac ?? iface.mac ?? 0;
}

function neighbour(
  host: Host,
  family: Family,
  address: Address,
  behind?: number,
): MacAddress | undefined {
  return host.neighbours.find(
    (known) =>
      known.family === family &&
      known.address === address &&
      (behind === undefined || known.interface === behind),
  )?.mac;
}

function anyUplink(host: Host): Interface {
  const { interfaces } = host;
  const found = interfaces.find(({ kind }) => kind === 'uplink') ?? interfaces[0];
  if (found === undefined) throw new UsageError('the host has no interface');
  return found;
}

function interfaceNamed(host: Host, name: string): Interface {
  const found = host.interfaces.find((iface) => iface.name === name);
  if (found !== undefined) return found;
  const names = host.interfaces.map((iface) => iface.name).join(', ');
  throw new UsageError(`in: the host has no interface ${name}: it has ${names}`);
}

/** Not all callers have types: `text` may be anything. */
function readAddress(text: unknown, field: string): { family: Family; address: Address } {
  const family = String(text).includes(':') ? 6 : 4;
  const address = parseAddress(String(text), family);
  if (address === null) throw new UsageError(`${field}: ${text} is not an IP address`);
  return { family, address };
}

function protocolOf({ proto = 'tcp' }: PacketSpec): number {
  const known = PROTOCOLS.get(proto);
  if (known !== undefined) return known;
  if (typeof proto === 'number') return number(proto, 255, 'proto');
  const names = [...PROTOCOLS.keys()].join(', ');
  throw new UsageError(`proto: expected ${names} or a number, not ${proto}`);
}

function flagsOf(text: string): number {
  let flags = 0;
  for (const letter of text.toUpperCase()) {
    const bit = TCP_FLAGS.indexOf(letter);
    if (bit < 0) throw new UsageError(`flags: ${letter} is none of ${TCP_FLAGS}`);
    flags |= 1 << bit;
  }
  return flags;
}

function number(value: number, max: number, field: string): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new UsageError(`${field}: expected a whole number up to ${max}, not ${value}`);
}

function mac(text: string): MacAddress {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)) {
    throw new UsageError(`${text} is not a link address`);
  }
  return Number.parseInt(text.replaceAll(':', ''), 16);
}
