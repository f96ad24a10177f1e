/**
 * A host as dockfw knows it: what its snapshot says, completed by defaults. Plain readonly data.
 *
 * Ids count from 1 and are those of the compiled image: interfaces[id - 1], networks[id - 1];
 * 0 is "none". Addresses are unsigned integers with their family beside them, as in a rule set.
 */
import type { DockfwError } from '../errors.ts';
import type { Ipset } from '../ruleset/ipset.ts';
import type { Ruleset } from '../ruleset/ruleset.ts';
import type { Address, Family, MacAddress } from '../ruleset/values.ts';
import type { KnownConnection } from './conntrack.ts';

/** A default that was used because a file is missing, empty or says nothing about it. */
export interface Assumption {
  readonly file: string;
  readonly text: string;
}

export interface HostIp {
  readonly family: Family;
  readonly address: Address;
}

/** `address` may have bits beyond the prefix. */
export interface HostPrefix extends HostIp {
  readonly prefixLen: number;
}

/** rtnetlink's scopes: 0 global, 200 site, 253 link, 254 host. */
export type Scope = number;

export interface InterfaceAddress extends HostPrefix {
  readonly scope: Scope;
  /** IPv4: not chosen as a source while a primary address of its subnet is there. */
  readonly secondary: boolean;
  readonly broadcast: Address | null;
  /** Point-to-point: the other end; the prefix is then the peer's. */
  readonly peer: Address | null;
}

/**
 * `port`: enslaved to a bridge. `uplink`: any routed interface that is not a bridge. `other`: takes
 * no part (enslaved to a bond or VRF, or only mentioned by rules).
 */
export type InterfaceKind = 'loopback' | 'uplink' | 'bridge' | 'port' | 'other';

/** Per-interface settings as they take effect: `all` and the interface's own value combined. */
export interface InterfaceSettings {
  readonly forwardingV4: boolean;
  readonly forwardingV6: boolean;
  /** 0 off, 1 strict, 2 loose: max(all, interface) */
  readonly rpFilter: number;
  readonly routeLocalnet: boolean;
  readonly acceptLocal: boolean;
  readonly srcValidMark: boolean;
  readonly bcForwarding: boolean;
  readonly dropUnicastInL2Multicast: boolean;
  readonly disableIpv6: boolean;
}

export interface Interface {
  /** Index in `interfaces` plus one. */
  readonly id: number;
  readonly name: string;
  /** The kernel's number, 0 where the snapshot does not say. */
  readonly ifindex: number;
  readonly kind: InterfaceKind;
  /** null without a link address (tun, ppp) or where it is unknown. */
  readonly mac: MacAddress | null;
  readonly mtu: number;
  readonly up: boolean;
  readonly pointToPoint: boolean;
  /** Id of the bridge that a port belongs to, else 0. */
  readonly master: number;
  /** Bridge port in hairpin mode. */
  readonly hairpin: boolean;
  /** Device group; null: one by a name that is not known. */
  readonly group: number | null;
  /** Bridges: nf_call_iptables and nf_call_ip6tables of the bridge itself. */
  readonly nfCallIptables: boolean;
  readonly nfCallIp6tables: boolean;
  /** VLAN devices: id of the interface below, and the VLAN's (`service`: of 802.1ad). */
  readonly vlan: { readonly lower: number; readonly id: number; readonly service: boolean } | null;
  readonly addresses: readonly InterfaceAddress[];
  /** Id of the Docker network whose bridge this is, else 0. */
  readonly network: number;
  readonly settings: InterfaceSettings;
  /** The snapshot does not describe it: rules, a capture or a default brought it in. */
  readonly placeholder: boolean;
}

export type RouteType =
  | 'unicast'
  | 'local'
  | 'broadcast'
  | 'anycast'
  | 'multicast'
  | 'blackhole'
  | 'unreachable'
  | 'prohibit'
  | 'throw';

export interface Route {
  readonly family: Family;
  readonly type: RouteType;
  /** 255 local, 254 main, 253 default; tables with an unknown name have numbers from 2^31. */
  readonly table: number;
  readonly dst: Address;
  readonly prefixLen: number;
  /** 0: none (blackhole, unreachable …). */
  readonly interface: number;
  readonly gateway: Address | null;
  readonly prefSrc: Address | null;
  readonly scope: Scope;
  readonly metric: number;
}

/** What an `ip rule` does: look its table up, answer with a route type, or nothing. */
export type PolicyRuleAction = 'table' | 'blackhole' | 'unreachable' | 'prohibit' | 'nop';

export interface PolicyRule {
  readonly family: Family;
  readonly priority: number;
  readonly action: PolicyRuleAction;
  readonly table: number;
  readonly invert: boolean;
  /** null: any. */
  readonly src: HostPrefix | null;
  readonly dst: HostPrefix | null;
  readonly fwmark: number;
  /** 0: any mark. */
  readonly fwmask: number;
  /** Interface ids; 0: any. */
  readonly iif: number;
  readonly oif: number;
  readonly tos: number;
  readonly ipProto: number;
  /** null: any. */
  readonly sport: { readonly min: number; readonly max: number } | null;
  readonly dport: { readonly min: number; readonly max: number } | null;
  /** A result with a prefix of this length or shorter is not taken; null: none. */
  readonly suppressPrefixLen: number | null;
}

export interface FdbEntry {
  /** Interface ids. `port` is the bridge itself for an address that is the host's own. */
  readonly bridge: number;
  readonly port: number;
  readonly mac: MacAddress;
  /** `local`: the host's own, never moved by learning. */
  readonly state: 'local' | 'static' | 'learned';
}

export interface Neighbour extends HostIp {
  readonly interface: number;
  readonly mac: MacAddress;
}

export interface Subnet extends HostPrefix {
  readonly gateway: Address | null;
}

/** A Docker network, or a bridge that belongs to none and counts as one of its own name. */
export interface Network {
  /** Index in `networks` plus one. */
  readonly id: number;
  readonly name: string;
  /** Docker's id; null for a bridge that Docker does not know (or says nothing of). */
  readonly dockerId: string | null;
  readonly driver: string;
  /** Id of its bridge interface; 0 where it has none (overlay, macvlan). */
  readonly interface: number;
  readonly subnets: readonly Subnet[];
  readonly internal: boolean;
  /** Inter-container communication (com.docker.network.bridge.enable_icc). */
  readonly icc: boolean;
}

export interface PublishedPort {
  readonly proto: 'tcp' | 'udp' | 'sctp';
  readonly containerPort: number;
  /** null: all addresses of its family (0.0.0.0, ::). */
  readonly hostIp: HostIp | null;
  readonly hostPort: number;
}

export interface ContainerEndpoint {
  /** Network id; 0 where docker-networks.json does not have it. */
  readonly network: number;
  readonly networkName: string;
  readonly mac: MacAddress | null;
  readonly addresses: readonly HostPrefix[];
}

export interface Container {
  readonly name: string;
  readonly dockerId: string;
  readonly running: boolean;
  readonly endpoints: readonly ContainerEndpoint[];
  readonly published: readonly PublishedPort[];
}

export interface DockerVersion {
  readonly server: string | null;
  readonly kernel: string | null;
}

/** A table that only nft knows; dockfw takes packets to pass it. */
export interface NativeTable {
  readonly family: string;
  readonly name: string;
  readonly chains: number;
  readonly rules: number;
}

export interface Host {
  /** Where the snapshot is from: a directory, or "the embedded default host". */
  readonly source: string;
  readonly interfaces: readonly Interface[];
  readonly routes: readonly Route[];
  readonly policyRules: readonly PolicyRule[];
  readonly fdb: readonly FdbEntry[];
  readonly neighbours: readonly Neighbour[];
  /** Settings without an interface in their name that dockfw looks at, defaults included. */
  readonly sysctls: ReadonlyMap<string, number>;
  readonly networks: readonly Network[];
  readonly containers: readonly Container[];
  readonly docker: DockerVersion;
  readonly rulesets: { readonly v4: Ruleset | null; readonly v6: Ruleset | null };
  readonly sets: readonly Ipset[];
  readonly conntrack: readonly KnownConnection[];
  readonly nativeTables: readonly NativeTable[];
  /** Chains that iptables-nft has created ("ip filter FORWARD"); empty: not known. */
  readonly xtablesChains: ReadonlySet<string>;
  readonly assumed: readonly Assumption[];
  readonly problems: readonly DockfwError[];
}
