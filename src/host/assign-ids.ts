/** Interfaces, networks and containers with the ids by which the rest of dockfw knows them. */
import type { NamedContainer, NamedEndpoint, NamedNetwork, NetworkMember } from './docker.ts';
import type {
  Container,
  ContainerEndpoint,
  Interface,
  Neighbour,
  Network,
  Subnet,
} from './host.ts';
import { type Link, linkKind, looksLikeContainerLink } from './links.ts';
import type { Sysctls } from './sysctl.ts';
import { networkAddress, prefixContains } from './text.ts';

export interface LinkLists {
  /** What ip-addr.json describes. */
  readonly described: readonly Link[];
  /** What was inferred of a host that ip-addr.json does not describe. */
  readonly inferred: readonly Link[];
  /** Names that something mentions, of interfaces that are not there. */
  readonly absent: readonly string[];
}

function absentLink(name: string): Link {
  return {
    name,
    ifindex: 0,
    loopback: false,
    mac: null,
    mtu: 1500,
    up: false,
    pointToPoint: false,
    infoKind: 'absent',
    master: null,
    hairpin: false,
    group: 0,
    nfCallIptables: false,
    nfCallIp6tables: false,
    vlan: null,
    addresses: [],
  };
}

function vlanOf({ vlan }: Link, idOf: ReadonlyMap<string, number>): Interface['vlan'] {
  const lower = vlan === null ? undefined : idOf.get(vlan.lower);
  if (vlan === null || lower === undefined) return null;
  return { lower, id: vlan.id, service: vlan.service };
}

/** The interfaces in image order: as described, then inferred, then only mentioned. */
export function assignInterfaces(
  { described, inferred, absent }: LinkLists,
  dockerNetworks: readonly NamedNetwork[],
  sysctls: Sysctls,
): Interface[] {
  const links = [...described, ...inferred, ...absent.map(absentLink)];
  const byName = new Map(links.map((link) => [link.name, link]));
  const idOf = new Map(links.map((link, index) => [link.name, index + 1]));
  const networkOf = new Map<string, number>();
  for (const [index, network] of dockerNetworks.entries()) {
    if (network.bridge !== null) networkOf.set(network.bridge, index + 1);
  }
  const interfaces: Interface[] = [];
  let networks = dockerNetworks.length;
  for (const [index, link] of links.entries()) {
    const gone = link.infoKind === 'absent';
    // the host's end of a container's link whose bridge nothing tells
    const stray = index >= described.length && looksLikeContainerLink(link.name);
    const other = gone || (stray && link.master === null);
    const kind = other ? 'other' : linkKind(link, byName);
    let network = networkOf.get(link.name) ?? 0;
    if (network === 0 && kind === 'bridge') network = ++networks;
    interfaces.push({
      id: index + 1,
      name: link.name,
      ifindex: link.ifindex,
      kind,
      mac: link.mac,
      mtu: link.mtu,
      up: link.up,
      pointToPoint: link.pointToPoint,
      master: kind === 'port' && link.master !== null ? (idOf.get(link.master) ?? 0) : 0,
      hairpin: link.hairpin,
      group: link.group,
      nfCallIptables: link.nfCallIptables,
      nfCallIp6tables: link.nfCallIp6tables,
      vlan: vlanOf(link, idOf),
      addresses: link.addresses,
      network,
      settings: sysctls.settings(link.name),
      placeholder: index >= described.length,
    });
  }
  return interfaces;
}

/** Docker's networks, then a network for each bridge that is none of theirs. */
export function assignNetworks(
  dockerNetworks: readonly NamedNetwork[],
  interfaces: readonly Interface[],
): Network[] {
  const networks = dockerNetworks.map((network, index): Network => {
    const bridge = interfaces.find((iface) => iface.name === network.bridge);
    // the default bridge's gateway is not in its network's configuration
    const own = (subnet: Subnet) =>
      bridge?.addresses.find(({ family, address }) => prefixContains(subnet, family, address));
    const subnets = network.subnets.map((subnet) => ({
      ...subnet,
      gateway: subnet.gateway ?? own(subnet)?.address ?? null,
    }));
    const { name, dockerId, driver, internal, icc } = network;
    const id = index + 1;
    return { id, name, dockerId, driver, interface: bridge?.id ?? 0, subnets, internal, icc };
  });
  for (const iface of interfaces) {
    if (iface.network <= dockerNetworks.length) continue;
    networks.push({
      id: iface.network,
      name: iface.name,
      dockerId: null,
      driver: 'bridge',
      interface: iface.id,
      subnets: iface.addresses
        .filter((address) => address.scope === 0)
        .map(({ family, address, prefixLen }) => ({
          family,
          address: networkAddress({ family, address, prefixLen }),
          prefixLen,
          gateway: address,
        })),
      internal: false,
      icc: true,
    });
  }
  return networks;
}

function memberEndpoint(network: NamedNetwork, member: NetworkMember): NamedEndpoint {
  const { mac, addresses } = member;
  return { networkName: network.name, networkId: network.dockerId, mac, addresses, gateways: [] };
}

/** Containers of docker-containers.json, completed by those that only the networks list. */
export function assignContainers(
  containers: readonly NamedContainer[],
  dockerNetworks: readonly NamedNetwork[],
): Container[] {
  const members = new Map<string, NamedContainer & { endpoints: NamedEndpoint[] }>();
  for (const network of dockerNetworks) {
    for (const member of network.members) {
      const { dockerId, name } = member;
      const known = members.get(dockerId) ?? {
        name,
        dockerId,
        running: true,
        published: [],
        endpoints: [],
      };
      known.endpoints.push(memberEndpoint(network, member));
      members.set(dockerId, known);
    }
  }
  const inspected = new Set(containers.map((container) => container.dockerId));
  const rest = [...members.values()].filter((member) => !inspected.has(member.dockerId));
  const endpointOf = (endpoint: NamedEndpoint, listed: readonly NamedEndpoint[]) => {
    const index = dockerNetworks.findIndex((network) => isNetworkOf(network, endpoint));
    const network = dockerNetworks[index];
    const same = listed.find((other) => network !== undefined && isNetworkOf(network, other));
    const complete: ContainerEndpoint = {
      network: index + 1,
      networkName: endpoint.networkName,
      mac: endpoint.mac ?? same?.mac ?? null,
      addresses: endpoint.addresses.length > 0 ? endpoint.addresses : (same?.addresses ?? []),
    };
    return complete;
  };
  return [...containers, ...rest].map((container) => {
    const listed = members.get(container.dockerId)?.endpoints ?? [];
    const endpoints = container.endpoints.map((endpoint) => endpointOf(endpoint, listed));
    return { ...container, endpoints };
  });
}

function isNetworkOf(network: NamedNetwork, endpoint: NamedEndpoint): boolean {
  if (endpoint.networkId !== null && endpoint.networkId !== '' && network.dockerId !== null) {
    return endpoint.networkId === network.dockerId;
  }
  return endpoint.networkName === network.name;
}

/** The containers' addresses and link addresses behind their networks' bridges. */
export function neighboursOf(
  containers: readonly Container[],
  networks: readonly Network[],
): Neighbour[] {
  const neighbours = new Map<string, Neighbour>();
  for (const endpoint of containers.flatMap((container) => container.endpoints)) {
    const bridge = networks[endpoint.network - 1]?.interface ?? 0;
    if (bridge === 0 || endpoint.mac === null) continue;
    for (const { family, address } of endpoint.addresses) {
      const key = `${bridge} ${family} ${address}`;
      if (neighbours.has(key)) continue;
      neighbours.set(key, { interface: bridge, family, address, mac: endpoint.mac });
    }
  }
  return [...neighbours.values()];
}
