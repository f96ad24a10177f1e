/**
 * docker-networks.json, docker-containers.json and docker-version.json: `docker network inspect`,
 * `docker inspect` and `docker version`. Networks and containers before interfaces have ids.
 */
import type { Address, Family, MacAddress } from '../ruleset/values.ts';
import type { Container, DockerVersion, HostPrefix, PublishedPort, Subnet } from './host.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { JsonSource } from './json-source.ts';
import type { SourceText } from './notes.ts';
import { networkAddress, parseIp, parseIpPrefix, parseMac } from './text.ts';

/** A container as its network lists it. */
export interface NetworkMember {
  readonly dockerId: string;
  readonly name: string;
  readonly mac: MacAddress | null;
  readonly addresses: readonly HostPrefix[];
}

export interface NamedNetwork {
  readonly name: string;
  readonly dockerId: string | null;
  readonly driver: string;
  /** Name of its bridge; null where it has none. */
  readonly bridge: string | null;
  readonly subnets: readonly Subnet[];
  readonly internal: boolean;
  readonly icc: boolean;
  readonly members: readonly NetworkMember[];
}

export interface NamedEndpoint {
  readonly networkName: string;
  readonly networkId: string | null;
  readonly mac: MacAddress | null;
  readonly addresses: readonly HostPrefix[];
  readonly gateways: readonly { readonly family: Family; readonly address: Address }[];
}

export interface NamedContainer extends Omit<Container, 'endpoints'> {
  readonly endpoints: readonly NamedEndpoint[];
}

const BRIDGE_OPTION = 'com.docker.network.bridge.';

/** Docker writes "" for what a container does not have. */
function parsedUnlessEmpty<T>(
  json: JsonSource,
  object: JsonObject,
  name: string,
  expected: string,
  parse: (text: string) => T | null,
): T | null {
  const value = object.members.get(name);
  if (value?.kind === 'string' && value.value === '') return null;
  return json.parsed(object, name, expected, parse);
}

function readSubnets(json: JsonSource, network: JsonObject): Subnet[] {
  const subnets: Subnet[] = [];
  const ipam = json.object(network, 'IPAM');
  const config = ipam === null ? null : json.array(ipam, 'Config');
  for (const item of json.objects(config, 'Config')) {
    const subnet = parsedUnlessEmpty(json, item, 'Subnet', 'an IP prefix', parseIpPrefix);
    if (subnet === null) continue;
    const gateway = parsedUnlessEmpty(json, item, 'Gateway', 'an IP address', (text) => {
      const ip = parseIpPrefix(text);
      return ip?.family === subnet.family ? ip.address : null;
    });
    subnets.push({ ...subnet, address: networkAddress(subnet), gateway });
  }
  return subnets;
}

function readMembers(json: JsonSource, network: JsonObject): NetworkMember[] {
  const members: NetworkMember[] = [];
  for (const [dockerId, value] of json.object(network, 'Containers')?.members ?? []) {
    if (value.kind !== 'object') {
      json.problem(value, 'a container of a network should be an object');
      continue;
    }
    const prefix = (name: string) =>
      parsedUnlessEmpty(json, value, name, 'an IP prefix', parseIpPrefix);
    const addresses = [prefix('IPv4Address'), prefix('IPv6Address')];
    members.push({
      dockerId,
      name: json.string(value, 'Name') ?? dockerId.slice(0, 12),
      mac: parsedUnlessEmpty(json, value, 'MacAddress', 'a link address', parseMac),
      addresses: addresses.filter((address) => address !== null),
    });
  }
  return members;
}

function bridgeName(json: JsonSource, network: JsonObject, name: string, id: string | null) {
  const options = json.object(network, 'Options');
  const named = options === null ? null : json.string(options, `${BRIDGE_OPTION}name`);
  if (named !== null && named !== '') return named;
  if (name === 'bridge') return 'docker0';
  if (name === 'docker_gwbridge') return name;
  return id === null || id === '' ? null : `br-${id.slice(0, 12)}`;
}

/** Networks with addresses of their own: "host" and "none" are not among them. */
export function readNetworks(source: SourceText): NamedNetwork[] {
  const json = new JsonSource(source);
  const networks: NamedNetwork[] = [];
  for (const object of json.objects(json.root, 'the list of networks')) {
    const name = json.string(object, 'Name');
    if (name === null) {
      json.problem(object, 'network without "Name"');
      continue;
    }
    const driver = json.string(object, 'Driver') ?? 'bridge';
    if (driver === 'host' || driver === 'null') continue;
    const dockerId = json.string(object, 'Id');
    const options = json.object(object, 'Options');
    networks.push({
      name,
      dockerId,
      driver,
      bridge: driver === 'bridge' ? bridgeName(json, object, name, dockerId) : null,
      subnets: readSubnets(json, object),
      internal: json.boolean(object, 'Internal') ?? false,
      icc: options === null || json.string(options, `${BRIDGE_OPTION}enable_icc`) !== 'false',
      members: readMembers(json, object),
    });
  }
  return networks;
}

function readEndpoint(json: JsonSource, networkName: string, object: JsonObject): NamedEndpoint {
  const addresses: HostPrefix[] = [];
  const gateways: NamedEndpoint['gateways'][number][] = [];
  const family = (width: Family, ipName: string, lengthName: string, gatewayName: string) => {
    const expected = `an IPv${width} address`;
    const ip = (name: string) =>
      parsedUnlessEmpty(json, object, name, expected, (text) => {
        const parsed = parseIp(text);
        return parsed?.family === width ? parsed : null;
      });
    const address = ip(ipName);
    const gateway = ip(gatewayName);
    if (address !== null) {
      const whole = width === 4 ? 32 : 128;
      addresses.push({ ...address, prefixLen: json.integer(object, lengthName, whole) || whole });
    }
    if (gateway !== null) gateways.push(gateway);
  };
  family(4, 'IPAddress', 'IPPrefixLen', 'Gateway');
  family(6, 'GlobalIPv6Address', 'GlobalIPv6PrefixLen', 'IPv6Gateway');
  const networkId = json.string(object, 'NetworkID');
  const mac = parsedUnlessEmpty(json, object, 'MacAddress', 'a link address', parseMac);
  return { networkName, networkId, mac, addresses, gateways };
}

function readPublished(json: JsonSource, ports: JsonObject | null): PublishedPort[] {
  const published: PublishedPort[] = [];
  for (const [key, bindings] of ports?.members ?? []) {
    const found = /^(\d{1,5})\/(tcp|udp|sctp)$/.exec(key);
    const proto = found?.[2];
    if (proto !== 'tcp' && proto !== 'udp' && proto !== 'sctp') {
      json.problem(bindings, `expected a port as in "80/tcp": ${key}`);
      continue;
    }
    if (bindings.kind === 'null') continue; // exposed, not published
    for (const binding of json.objects(bindings, `the bindings of ${key}`)) {
      const hostPort = json.parsed(binding, 'HostPort', 'a port', (text) =>
        /^\d{1,5}$/.test(text) && Number(text) <= 65535 ? Number(text) : null,
      );
      if (hostPort === null) continue;
      const hostIp = parsedUnlessEmpty(json, binding, 'HostIp', 'an IP address', parseIp);
      published.push({ proto, containerPort: Number(found?.[1]), hostIp, hostPort });
    }
  }
  return published;
}

function isObject(value: JsonValue): value is JsonObject {
  return value.kind === 'object';
}

export function readContainers(source: SourceText): NamedContainer[] {
  const json = new JsonSource(source);
  const containers: NamedContainer[] = [];
  for (const object of json.objects(json.root, 'the list of containers')) {
    const name = json.string(object, 'Name')?.replace(/^\//, '');
    const dockerId = json.string(object, 'Id') ?? '';
    if (name === undefined) {
      json.problem(object, 'container without "Name"');
      continue;
    }
    const state = json.object(object, 'State');
    const settings = json.object(object, 'NetworkSettings');
    const networks = settings === null ? null : json.object(settings, 'Networks');
    const endpoints: NamedEndpoint[] = [];
    for (const [networkName, endpoint] of networks?.members ?? []) {
      if (isObject(endpoint)) endpoints.push(readEndpoint(json, networkName, endpoint));
      else if (endpoint.kind !== 'null') json.problem(endpoint, 'an endpoint should be an object');
    }
    containers.push({
      name,
      dockerId,
      running: state === null || (json.boolean(state, 'Running') ?? true),
      endpoints,
      published: readPublished(json, settings === null ? null : json.object(settings, 'Ports')),
    });
  }
  return containers;
}

export function readDockerVersion(source: SourceText): DockerVersion {
  const json = new JsonSource(source);
  if (json.root?.kind !== 'object') {
    if (json.root !== null) json.problem(json.root, 'expected an object with "Server"');
    return { server: null, kernel: null };
  }
  const server = json.object(json.root, 'Server');
  if (server === null) return { server: null, kernel: null };
  return { server: json.string(server, 'Version'), kernel: json.string(server, 'KernelVersion') };
}
