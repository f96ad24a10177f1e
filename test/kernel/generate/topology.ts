/** Who is where in lab/topology.json, as traffic needs it. */
import { readFileSync } from 'node:fs';
import { TOPOLOGY } from '../lab/client.ts';

export type Family = 4 | 6;

/** Somebody who sends and receives: behind an uplink, or a container. */
export interface Station {
  /** Interface of the host that its frames come in by. */
  readonly iface: string;
  /** Bridge of that port; null for an uplink. */
  readonly bridge: string | null;
  readonly mac: string;
  /** MAC of the host on that link. */
  readonly gateway: string;
  readonly addresses: Readonly<Record<Family, string>>;
}

interface Topology {
  readonly uplinks: readonly {
    readonly name: string;
    readonly mac: string;
    readonly addrs: readonly string[];
    readonly addrs6: readonly string[];
    readonly neigh: readonly { readonly ip: string; readonly mac: string }[];
  }[];
  readonly bridges: readonly {
    readonly name: string;
    readonly mac: string;
    readonly addrs: readonly string[];
    readonly addrs6: readonly string[];
  }[];
  readonly containers: readonly {
    readonly bridge: string;
    readonly veth: string;
    readonly mac: string;
    readonly ip: string;
    readonly ip6: string;
  }[];
}

const topology = JSON.parse(readFileSync(TOPOLOGY, 'utf8')) as Topology;

function uplinkStation(name: string, mac: string, v4: string, v6: string): Station {
  const gateway = topology.uplinks.find((uplink) => uplink.name === name)?.mac ?? '';
  return { iface: name, bridge: null, mac, gateway, addresses: { 4: v4, 6: v6 } };
}

export const CONTAINERS: readonly Station[] = topology.containers.map((container) => ({
  iface: container.veth,
  bridge: container.bridge,
  mac: container.mac,
  gateway: topology.bridges.find(({ name }) => name === container.bridge)?.mac ?? '',
  addresses: { 4: container.ip, 6: container.ip6 },
}));

/** On the uplinks' own networks, and behind routers there. */
export const OUTSIDERS: readonly Station[] = [
  uplinkStation('eth0', '02:ee:00:00:00:50', '192.168.1.50', '2001:db8:1::50'),
  uplinkStation('eth0', '02:ee:00:00:00:01', '203.0.113.7', '2001:db8:99::7'),
  uplinkStation('eth0', '02:ee:00:00:00:01', '8.8.8.8', '2620:fe::9'),
  uplinkStation('eth1', '02:ee:01:00:00:05', '10.20.0.5', '2001:db8:2::5'),
  uplinkStation('eth1', '02:ee:01:00:00:fe', '10.30.1.9', '2001:db8:30::9'),
];

export const STATIONS: readonly Station[] = [...CONTAINERS, ...OUTSIDERS];

const strip = (address: string): string => address.replace(/\/.*/, '');
const links = [...topology.uplinks, ...topology.bridges];

/** The host's own addresses. */
export const OWN: Readonly<Record<Family, readonly string[]>> = {
  4: links.flatMap(({ addrs }) => addrs.map(strip)),
  6: links.flatMap(({ addrs6 }) => addrs6.map(strip)),
};

export const PORTS_OF_BRIDGES: readonly string[] = CONTAINERS.map(({ iface }) => iface);
export const INTERFACES: readonly string[] = links.map(({ name }) => name);

/** The station whose frames carry what leaves by `iface` to the MAC `mac`, or undefined. */
export function stationAt(iface: string, mac: string): Station | undefined {
  return STATIONS.find((station) => station.iface === iface && station.mac === mac);
}
