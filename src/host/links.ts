/** ip-addr.json: `ip -j -d addr show`. Interfaces by name, before they have ids. */
import { addressBits } from '../ruleset/address.ts';
import type { Address, Family, MacAddress } from '../ruleset/values.ts';
import type { InterfaceAddress, InterfaceKind, Scope } from './host.ts';
import type { JsonObject } from './json.ts';
import { JsonSource } from './json-source.ts';
import type { SourceText } from './notes.ts';
import { parseIp, parseMac } from './text.ts';

/** An interface as far as one source describes it. */
export interface Link {
  readonly name: string;
  readonly ifindex: number;
  readonly loopback: boolean;
  readonly mac: MacAddress | null;
  readonly mtu: number;
  readonly up: boolean;
  readonly pointToPoint: boolean;
  /** linkinfo's kind (bridge, veth, vlan …), null where there is none. */
  readonly infoKind: string | null;
  /** Name of what the interface is enslaved to. */
  readonly master: string | null;
  readonly hairpin: boolean;
  /** Device group; null where it has a name whose number the host's iproute2 alone knows. */
  readonly group: number | null;
  readonly nfCallIptables: boolean;
  readonly nfCallIp6tables: boolean;
  /** VLAN devices: the name of the interface below, and the tag of their frames there. */
  readonly vlan: { readonly lower: string; readonly id: number; readonly service: boolean } | null;
  readonly addresses: readonly InterfaceAddress[];
}

export interface Links {
  readonly links: readonly Link[];
  /** The file was read to its end: an interface that it lacks does not exist. */
  readonly whole: boolean;
}

const SCOPES: Readonly<Record<string, Scope>> = {
  global: 0,
  site: 200,
  link: 253,
  host: 254,
  nowhere: 255,
};

/** Number of a scope by its name in /etc/iproute2/rt_scopes, or written as a number. */
export function parseScope(text: string): Scope | null {
  if (Object.hasOwn(SCOPES, text)) return SCOPES[text] ?? null;
  return /^\d{1,3}$/.test(text) && Number(text) <= 255 ? Number(text) : null;
}

/** Names that Docker, libvirt, LXC and CNI plugins give to bridges. */
export function looksLikeBridge(name: string): boolean {
  return /^(br-|br\d|docker\d|docker_gwbridge$|virbr\d+$|lxcbr|lxdbr|cni\d|cbr\d|podman\d)/.test(
    name,
  );
}

/** Names that container runtimes give to the host's end of a container's link. */
export function looksLikeContainerLink(name: string): boolean {
  return /^(veth|vnet\d)/.test(name);
}

function parseIpOf(family: Family): (text: string) => Address | null {
  return (text) => {
    const ip = parseIp(text);
    return ip?.family === family ? ip.address : null;
  };
}

function readAddress(json: JsonSource, object: JsonObject): InterfaceAddress | null {
  const familyName = json.string(object, 'family');
  if (familyName !== 'inet' && familyName !== 'inet6') return null;
  const family: Family = familyName === 'inet' ? 4 : 6;
  const kind = family === 4 ? 'an IPv4 address' : 'an IPv6 address';
  const address = json.parsed(object, 'local', kind, parseIpOf(family));
  const prefixLen = json.integer(object, 'prefixlen', addressBits(family));
  if (address === null || prefixLen === null) {
    if (!json.has(object, 'local')) json.problem(object, `${familyName} address without "local"`);
    if (!json.has(object, 'prefixlen')) {
      json.problem(object, `${familyName} address without "prefixlen"`);
    }
    return null;
  }
  return {
    family,
    address,
    prefixLen,
    scope: json.parsed(object, 'scope', 'a scope', parseScope) ?? 0,
    secondary: family === 4 && (json.boolean(object, 'secondary') ?? false),
    broadcast: json.parsed(object, 'broadcast', kind, parseIpOf(family)),
    peer: json.parsed(object, 'address', kind, parseIpOf(family)),
  };
}

function readVlan(json: JsonSource, object: JsonObject, data: JsonObject | null): Link['vlan'] {
  const lower = json.string(object, 'link');
  const id = data === null ? null : json.integer(data, 'id', 4095);
  if (data === null || lower === null || id === null) return null; // its lower is elsewhere
  return { lower, id, service: json.string(data, 'protocol') === '802.1ad' };
}

function readGroup(text: string): number | null {
  if (text === 'default') return 0;
  return /^\d{1,10}$/.test(text) ? Number(text) : null;
}

function readLink(json: JsonSource, object: JsonObject): Link | null {
  if (object.members.size === 0) return null; // `ip` prints {} for what a filter left out
  const name = json.string(object, 'ifname');
  if (name === null || name === '') {
    json.problem(object, 'interface without "ifname"');
    return null;
  }
  const flags = json.strings(object, 'flags');
  const type = json.string(object, 'link_type') ?? 'ether';
  const linkInfo = json.object(object, 'linkinfo');
  const data = linkInfo === null ? null : json.object(linkInfo, 'info_data');
  const slave = linkInfo === null ? null : json.object(linkInfo, 'info_slave_data');
  const number = (of: JsonObject | null, key: string) =>
    of === null ? 0 : (json.integer(of, key) ?? 0);
  const addresses: InterfaceAddress[] = [];
  for (const item of json.objects(json.array(object, 'addr_info'), 'addr_info')) {
    const address = readAddress(json, item);
    if (address !== null) addresses.push(address);
  }
  const infoKind = linkInfo === null ? null : json.string(linkInfo, 'info_kind');
  const loopback = flags.includes('LOOPBACK');
  const ethernet = type === 'ether' && !loopback;
  return {
    name,
    ifindex: json.integer(object, 'ifindex') ?? 0,
    loopback,
    mac: ethernet ? json.parsed(object, 'address', 'a link address', parseMac) : null,
    mtu: json.integer(object, 'mtu') ?? 1500,
    up: flags.includes('UP'),
    pointToPoint: !ethernet && !loopback,
    infoKind,
    master: json.string(object, 'master'),
    hairpin: slave !== null && (json.boolean(slave, 'hairpin') ?? false),
    group: readGroup(json.string(object, 'group') ?? 'default'),
    nfCallIptables: number(data, 'nf_call_iptables') !== 0,
    nfCallIp6tables: number(data, 'nf_call_ip6tables') !== 0,
    vlan: infoKind === 'vlan' ? readVlan(json, object, data) : null,
    addresses,
  };
}

export function readLinks(source: SourceText): Links {
  const json = new JsonSource(source);
  const links = new Map<string, Link>();
  for (const object of json.objects(json.root, 'the list of interfaces')) {
    const link = readLink(json, object);
    if (link === null) continue;
    if (links.has(link.name)) json.problem(object, `a second interface named ${link.name}`);
    else links.set(link.name, link);
  }
  return { links: [...links.values()], whole: json.whole && links.size > 0 };
}

/** What an interface is among `links`. */
export function linkKind(link: Link, links: ReadonlyMap<string, Link>): InterfaceKind {
  if (link.loopback) return 'loopback';
  if (link.master !== null) {
    const master = links.get(link.master);
    return master !== undefined && isBridge(master, links) ? 'port' : 'other';
  }
  return isBridge(link, links) ? 'bridge' : 'uplink';
}

/**
 * Without linkinfo (`ip` without -d) a bridge is told by its name and by what is enslaved to it.
 */
function isBridge(link: Link, links: ReadonlyMap<string, Link>): boolean {
  if (link.infoKind !== null) return link.infoKind === 'bridge';
  if (link.loopback || link.pointToPoint) return false;
  if (looksLikeBridge(link.name)) return true;
  for (const other of links.values()) {
    if (other.master === link.name && looksLikeContainerLink(other.name)) return true;
  }
  return false;
}
