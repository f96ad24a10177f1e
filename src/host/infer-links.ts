/**
 * Interfaces where ip-addr.json does not describe (all of) them: from routes, Docker's networks,
 * forwarding entries, rules and sysctls, in this order of trust.
 */
import { ROUTE_TABLE_LOCAL, ROUTE_TABLE_MAIN } from '../../assembly/abi.ts';
import { formatAddress } from '../ruleset/address.ts';
import type { Address, Family, MacAddress } from '../ruleset/values.ts';
import type { NamedFdbEntry } from './bridge-fdb.ts';
import type { NamedContainer, NamedNetwork } from './docker.ts';
import type { HostIp, HostPrefix, InterfaceAddress, Subnet } from './host.ts';
import { type Link, looksLikeBridge, looksLikeContainerLink } from './links.ts';
import type { Notes } from './notes.ts';
import type { NamedPolicyRule } from './policy-rules.ts';
import { isHostRoute, type NamedRoute } from './routes.ts';
import type { RuleHints } from './rule-hints.ts';
import { lastAddress, networkAddress, prefixContains } from './text.ts';

/** What is known besides ip-addr.json. */
export interface Evidence {
  readonly networks: readonly NamedNetwork[];
  readonly containers: readonly NamedContainer[];
  readonly routes: readonly NamedRoute[];
  readonly policyRules: readonly NamedPolicyRule[];
  readonly fdb: readonly NamedFdbEntry[];
  readonly hints: RuleHints;
  readonly sysctlNames: readonly string[];
  readonly captureNames: readonly string[];
}

/** The uplink's address where nothing tells it: TEST-NET-1, nobody's. */
const UNKNOWN_UPLINK: HostPrefix = { family: 4, address: 0xc000020an, prefixLen: 24 };

class Draft {
  readonly name: string;
  bridge: boolean;
  master: string | null = null;
  mac: MacAddress | null = null;
  readonly addresses = new Map<string, InterfaceAddress>();

  constructor(name: string) {
    this.name = name;
    this.bridge = looksLikeBridge(name);
  }

  add(prefix: HostPrefix, broadcast: Address | null, secondary = false): void {
    const key = `${prefix.family} ${prefix.address}`;
    if (this.addresses.has(key)) return;
    const scope = addressScope(prefix);
    this.addresses.set(key, { ...prefix, scope, secondary, broadcast, peer: null });
  }

  has(family: Family): boolean {
    return [...this.addresses.values()].some((address) => address.family === family);
  }

  get isUplink(): boolean {
    const local = this.name === 'lo' || looksLikeContainerLink(this.name);
    return !local && !this.bridge && this.master === null;
  }

  link(): Link {
    const loopback = this.name === 'lo';
    return {
      name: this.name,
      ifindex: 0,
      loopback,
      mac: this.mac,
      mtu: loopback ? 65536 : 1500,
      up: true,
      pointToPoint: false,
      infoKind: this.bridge ? 'bridge' : 'unknown',
      master: this.master,
      hairpin: false,
      group: 0,
      nfCallIptables: false,
      nfCallIp6tables: false,
      vlan: null,
      addresses: [...this.addresses.values()],
    };
  }
}

function addressScope({ family, address }: HostIp): number {
  if (family === 4) return address >> 24n === 127n ? 254 : 0;
  if (address === 1n) return 254;
  return address >> 118n === 0x3fan ? 253 : 0; // fe80::/10
}

class Inference {
  private readonly known: ReadonlySet<string>;
  private readonly evidence: Evidence;
  private readonly drafts = new Map<string, Draft>();

  constructor(known: readonly Link[], evidence: Evidence) {
    this.known = new Set(known.map((link) => link.name));
    this.evidence = evidence;
  }

  /** The draft of an interface that ip-addr.json does not describe; null where it does. */
  private draft(name: string): Draft | null {
    if (this.known.has(name)) return null;
    let draft = this.drafts.get(name);
    if (draft === undefined) {
      draft = new Draft(name);
      this.drafts.set(name, draft);
    }
    return draft;
  }

  private fromLoopback(): void {
    const lo = this.draft('lo');
    lo?.add({ family: 4, address: 0x7f000001n, prefixLen: 8 }, null);
    lo?.add({ family: 6, address: 1n, prefixLen: 128 }, null);
  }

  /** An address in table local, with the prefix of the connected route that it came with. */
  private fromLocalRoute(draft: Draft, route: NamedRoute): void {
    const { routes } = this.evidence;
    const prefixOf = (other: NamedRoute): HostPrefix => ({
      family: other.family,
      address: other.dst,
      prefixLen: other.prefixLen,
    });
    const connected = routes
      .filter((other) => other.dev === draft.name && other.type === 'unicast')
      .filter((other) => other.gateway === null && other.table === ROUTE_TABLE_MAIN)
      .filter((other) => other.prefixLen > 0 && !isHostRoute(other))
      .filter((other) => prefixContains(prefixOf(other), route.family, route.dst))
      .sort((a, b) => b.prefixLen - a.prefixLen)[0];
    const prefixLen = connected?.prefixLen ?? route.prefixLen;
    const prefix: HostPrefix = { family: route.family, address: route.dst, prefixLen };
    const broadcast = lastAddress(prefix);
    const broadcasts = routes.some(
      (other) => other.type === 'broadcast' && other.dev === draft.name && other.dst === broadcast,
    );
    const secondary = route.prefSrc !== null && route.prefSrc !== route.dst;
    draft.add(prefix, broadcasts ? broadcast : null, secondary);
  }

  private fromRoutes(): void {
    for (const route of this.evidence.routes) {
      const draft = route.dev === null ? null : this.draft(route.dev);
      if (draft === null) continue;
      const local = route.type === 'local' && route.table === ROUTE_TABLE_LOCAL;
      if (local && isHostRoute(route)) this.fromLocalRoute(draft, route);
    }
    // without table local, connected routes still name their source
    for (const route of this.evidence.routes) {
      const draft = route.dev === null ? null : this.draft(route.dev);
      if (draft === null || route.prefSrc === null || route.gateway !== null) continue;
      if (route.type !== 'unicast' || draft.has(route.family)) continue;
      const { family, prefixLen, prefSrc } = route;
      draft.add({ family, address: prefSrc, prefixLen }, null);
    }
  }

  private gateway(network: NamedNetwork, subnet: Subnet): Address {
    if (subnet.gateway !== null) return subnet.gateway;
    for (const endpoint of this.evidence.containers.flatMap((container) => container.endpoints)) {
      if (endpoint.networkName !== network.name) continue;
      for (const gateway of endpoint.gateways) {
        if (prefixContains(subnet, gateway.family, gateway.address)) return gateway.address;
      }
    }
    return networkAddress(subnet) + 1n;
  }

  private fromNetworks(): void {
    for (const network of this.evidence.networks) {
      const draft = network.bridge === null ? null : this.draft(network.bridge);
      if (draft === null) continue;
      draft.bridge = true;
      for (const subnet of network.subnets) {
        if (draft.has(subnet.family)) continue; // a route knows better
        const { family, prefixLen } = subnet;
        const prefix: HostPrefix = { family, address: this.gateway(network, subnet), prefixLen };
        draft.add(prefix, family === 4 ? lastAddress(prefix) : null);
      }
    }
  }

  private fromFdb(): void {
    for (const entry of this.evidence.fdb) {
      const bridge = this.draft(entry.bridge);
      if (bridge !== null) bridge.bridge = true;
      const draft = this.draft(entry.ifname);
      if (draft === null) continue;
      if (entry.ifname !== entry.bridge) draft.master = entry.bridge;
      if (entry.state === 'local') draft.mac ??= entry.mac;
    }
  }

  private fromRules(): void {
    const { hints } = this.evidence;
    for (const name of hints.names) this.draft(name);
    for (const [name, subnets] of hints.subnets) {
      const draft = this.draft(name);
      if (draft === null) continue;
      draft.bridge = true;
      for (const subnet of subnets) {
        if (draft.has(subnet.family)) continue;
        const { family, prefixLen } = subnet;
        const address = networkAddress(subnet) + (isWhole(subnet) ? 0n : 1n);
        const prefix: HostPrefix = { family, address, prefixLen };
        draft.add(prefix, family === 4 ? lastAddress(prefix) : null);
      }
    }
  }

  private uplinks(): Draft[] {
    return [...this.drafts.values()].filter((draft) => draft.isUplink);
  }

  private isAddressed(ip: HostIp): boolean {
    return [...this.drafts.values()].some((draft) =>
      [...draft.addresses.values()].some((own) => prefixContains(own, ip.family, ip.address)),
    );
  }

  /** A host without an uplink, or one without an address, would answer no question. */
  private completeUplink(links: readonly Link[], notes: Notes): void {
    const described = links.some(
      (link) => !link.loopback && link.infoKind !== 'bridge' && link.addresses.length > 0,
    );
    if (described || this.uplinks().some((draft) => draft.has(4))) return;
    const uplink = this.uplinks()[0] ?? this.draft('eth0');
    if (uplink === null) return;
    const own = this.evidence.hints.ownAddresses.filter(
      (ip) => ip.family === 4 && !this.isAddressed(ip),
    );
    for (const ip of own) uplink.add({ ...ip, prefixLen: 24 }, null, uplink.has(4));
    if (own.length === 0) uplink.add(UNKNOWN_UPLINK, lastAddress(UNKNOWN_UPLINK));
    const addresses = [...uplink.addresses.values()]
      .filter((address) => address.family === 4)
      .map((address) => `${formatAddress(address.address, 4)}/24`);
    const why = own.length > 0 ? 'from rules that translate it' : 'nothing tells it';
    notes.assume('ip-addr.json', `uplink ${uplink.name} with ${addresses.join(', ')}: ${why}`);
  }

  run(links: readonly Link[], notes: Notes): Link[] {
    this.fromLoopback();
    this.fromRoutes();
    this.fromNetworks();
    this.fromFdb();
    this.fromRules();
    for (const name of policyRuleNames(this.evidence.policyRules)) this.draft(name);
    for (const name of this.evidence.sysctlNames) this.draft(name);
    for (const name of this.evidence.captureNames) this.draft(name);
    this.completeUplink(links, notes);
    return [...this.drafts.values()].map((draft) => draft.link());
  }
}

function policyRuleNames(rules: readonly NamedPolicyRule[]): string[] {
  return rules.flatMap(({ iif, oif }) => [iif, oif]).filter((name) => name !== null);
}

function isWhole(prefix: HostPrefix): boolean {
  return lastAddress(prefix) === networkAddress(prefix);
}

function describe(link: Link): string {
  const addresses = link.addresses.map(
    ({ family, address, prefixLen }) => `${formatAddress(address, family)}/${prefixLen}`,
  );
  return addresses.length === 0 ? link.name : `${link.name} ${addresses.join(' ')}`;
}

/** Interfaces that `links` lacks, inferred and noted as an assumption. */
export function inferLinks(links: readonly Link[], evidence: Evidence, notes: Notes): Link[] {
  const inferred = new Inference(links, evidence).run(links, notes);
  const text = inferred.map(describe).join(', ');
  if (text !== '') {
    notes.assume('ip-addr.json', `interfaces from the snapshot's other files: ${text}`);
  }
  return inferred;
}

/** Names that something mentions and `links` lacks, once each. */
export function mentionedNames(links: readonly Link[], evidence: Evidence): string[] {
  const names = [
    ...evidence.networks.flatMap((network) => network.bridge ?? []),
    ...evidence.routes.flatMap((route) => route.dev ?? []),
    ...policyRuleNames(evidence.policyRules),
    ...evidence.fdb.flatMap((entry) => [entry.bridge, entry.ifname]),
    ...evidence.hints.names,
    ...evidence.captureNames,
  ];
  const known = new Set(links.map((link) => link.name));
  return [...new Set(names)].filter((name) => !known.has(name));
}
