/** The values that rules and traffic are made of. */
import { LINKS } from './topology.ts';

/** Hosts by the interface they are behind. */
export const HOSTS: Readonly<Record<string, readonly string[]>> = {
  eth0: ['192.168.1.50', '192.168.1.77', '203.0.113.7', '203.0.113.8', '8.8.8.8', '1.1.1.1'],
  eth1: ['10.20.0.5', '10.20.0.6', '10.20.0.254'],
  dmz0: ['172.17.0.2', '172.17.0.3', '172.17.0.4'],
  dmz1: ['172.18.0.2', '172.18.0.3'],
};

export const CONTAINERS: readonly string[] = [...(HOSTS.dmz0 ?? []), ...(HOSTS.dmz1 ?? [])];
export const OWN: readonly string[] = LINKS.flatMap(({ addresses }) => addresses);
export const SOURCES: readonly string[] = [...Object.values(HOSTS).flat(), ...OWN];
/** Well-known ones, and clients'. */
export const SERVER_PORTS: readonly number[] = [22, 53, 80, 123, 443, 5353, 8000, 8080, 8100, 9000];
export const CLIENT_PORTS: readonly number[] = [500, 1000, 20001, 20002, 35000, 40500, 61000];
export const PORTS: readonly number[] = [...SERVER_PORTS, ...CLIENT_PORTS];
export const TTLS: readonly number[] = [1, 2, 3, 63, 64, 65, 128, 255];
