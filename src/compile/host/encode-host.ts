/** A host as sections of the image: the records of assembly/image.ts. Same host, same bytes. */
import {
  ADDRESS_HAS_BROADCAST,
  ADDRESS_SECONDARY,
  ADDRESS_SIZE,
  FDB_SIZE,
  IFACE_ACCEPT_LOCAL,
  IFACE_BC_FORWARDING,
  IFACE_BRIDGE,
  IFACE_DROP_UNICAST_IN_L2_MULTICAST,
  IFACE_FORWARDING_V4,
  IFACE_FORWARDING_V6,
  IFACE_HAIRPIN,
  IFACE_IPV6,
  IFACE_LOOPBACK,
  IFACE_NF_CALL_IP6TABLES,
  IFACE_NF_CALL_IPTABLES,
  IFACE_OTHER,
  IFACE_POINT_TO_POINT,
  IFACE_PORT,
  IFACE_ROUTE_LOCALNET,
  IFACE_SIZE,
  IFACE_SRC_VALID_MARK,
  IFACE_UP,
  IFACE_UPLINK,
  NEIGHBOUR_SIZE,
  NETWORK_ICC_OFF,
  NETWORK_INTERNAL,
  NETWORK_SIZE,
  SECTION_ADDRESS,
  SECTION_CONNTRACK,
  SECTION_FDB,
  SECTION_IFACE,
  SECTION_NEIGHBOUR,
  SECTION_NETWORK,
  SECTION_POLICY_RULE,
  SECTION_ROUTE,
  SECTION_SYSCTL,
  TAG_8021AD,
} from '../../../assembly/abi.ts';
import type { Host, Interface, InterfaceKind } from '../../host/host.ts';
import { encodeConnections } from './encode-conntrack.ts';
import { encodePolicyRules, encodeRoutes } from './encode-routes.ts';
import { encodeSysctls } from './encode-sysctls.ts';
import { RecordWriter } from './record-writer.ts';

/** One section: its SECTION_* number, its records, and how many they are. */
export interface EncodedSection {
  readonly section: number;
  readonly bytes: Uint8Array;
  readonly count: number;
}

/** In the order of their numbers. */
export type HostSections = readonly EncodedSection[];

const KINDS: Readonly<Record<InterfaceKind, number>> = {
  loopback: IFACE_LOOPBACK,
  uplink: IFACE_UPLINK,
  bridge: IFACE_BRIDGE,
  port: IFACE_PORT,
  other: IFACE_OTHER,
};

/** Where the addresses of an Address and of a Neighbour begin. */
const ADDRESS_HEAD = 16;
const NEIGHBOUR_HEAD = 16;

function interfaceFlags(iface: Interface): number {
  const { settings } = iface;
  const flags: readonly (readonly [boolean, number])[] = [
    [settings.forwardingV4, IFACE_FORWARDING_V4],
    [settings.forwardingV6, IFACE_FORWARDING_V6],
    [settings.routeLocalnet, IFACE_ROUTE_LOCALNET],
    [settings.acceptLocal, IFACE_ACCEPT_LOCAL],
    [settings.srcValidMark, IFACE_SRC_VALID_MARK],
    [iface.hairpin, IFACE_HAIRPIN],
    [iface.nfCallIptables, IFACE_NF_CALL_IPTABLES],
    [iface.nfCallIp6tables, IFACE_NF_CALL_IP6TABLES],
    [iface.up, IFACE_UP],
    [!settings.disableIpv6, IFACE_IPV6],
    [settings.bcForwarding, IFACE_BC_FORWARDING],
    [settings.dropUnicastInL2Multicast, IFACE_DROP_UNICAST_IN_L2_MULTICAST],
    [iface.pointToPoint, IFACE_POINT_TO_POINT],
  ];
  return flags.reduce((all, [set, flag]) => (set ? all | flag : all), 0);
}

function encodeInterfaces(host: Host): EncodedSection {
  const out = new RecordWriter(host.interfaces.length, IFACE_SIZE);
  let firstAddress = 0;
  for (const iface of host.interfaces) {
    out.record().u32(iface.ifindex).u16(KINDS[iface.kind]).u16(iface.master);
    out.u32(interfaceFlags(iface)).u16(iface.network).u16(iface.settings.rpFilter);
    out.mac(iface.mac).u16(firstAddress).u16(iface.addresses.length).u32(iface.mtu);
    const { lower, id, service } = iface.vlan ?? { lower: 0, id: 0, service: false };
    out.u16(lower).u16(service ? id | TAG_8021AD : id);
    firstAddress += iface.addresses.length;
  }
  return { section: SECTION_IFACE, bytes: out.bytes, count: host.interfaces.length };
}

function encodeAddresses(host: Host): EncodedSection {
  const addresses = host.interfaces.flatMap((iface) =>
    iface.addresses.map((address) => ({ ...address, iface: iface.id })),
  );
  const out = new RecordWriter(addresses.length, ADDRESS_SIZE);
  for (const { iface, family, address, prefixLen, scope, secondary, broadcast } of addresses) {
    const flags =
      (secondary ? ADDRESS_SECONDARY : 0) | (broadcast === null ? 0 : ADDRESS_HAS_BROADCAST);
    out.record().u16(iface).u8(family).u8(prefixLen).u8(scope).u8(flags);
    out.seek(ADDRESS_HEAD).address(address, family).address(broadcast, family);
  }
  return { section: SECTION_ADDRESS, bytes: out.bytes, count: addresses.length };
}

function encodeFdb(host: Host): EncodedSection {
  const out = new RecordWriter(host.fdb.length, FDB_SIZE);
  for (const { bridge, port, mac, state } of host.fdb) {
    out
      .record()
      .u16(bridge)
      .u16(port)
      .mac(mac)
      .u8(state === 'local');
  }
  return { section: SECTION_FDB, bytes: out.bytes, count: host.fdb.length };
}

function encodeNeighbours(host: Host): EncodedSection {
  const out = new RecordWriter(host.neighbours.length, NEIGHBOUR_SIZE);
  for (const { interface: iface, family, address, mac } of host.neighbours) {
    out.record().u16(iface).u8(family).u8(0).mac(mac);
    out.seek(NEIGHBOUR_HEAD).address(address, family);
  }
  return { section: SECTION_NEIGHBOUR, bytes: out.bytes, count: host.neighbours.length };
}

function encodeNetworks(host: Host): EncodedSection {
  const out = new RecordWriter(host.networks.length, NETWORK_SIZE);
  for (const { interface: iface, internal, icc } of host.networks) {
    const flags = (internal ? NETWORK_INTERNAL : 0) | (icc ? 0 : NETWORK_ICC_OFF);
    out.record().u16(iface).u16(flags);
  }
  return { section: SECTION_NETWORK, bytes: out.bytes, count: host.networks.length };
}

/** All sections of the image that describe the host; the rules' are compiled elsewhere. */
export function encodeHost(host: Host): HostSections {
  const sysctls = encodeSysctls(host);
  const routes = encodeRoutes(host);
  const policyRules = encodePolicyRules(host);
  const connections = encodeConnections(host);
  return [
    { section: SECTION_SYSCTL, ...sysctls },
    encodeInterfaces(host),
    encodeAddresses(host),
    { section: SECTION_ROUTE, ...routes },
    { section: SECTION_POLICY_RULE, ...policyRules },
    encodeFdb(host),
    encodeNeighbours(host),
    encodeNetworks(host),
    { section: SECTION_CONNTRACK, ...connections },
  ];
}
