/** Values that rules and traffic share, so that rules are hit. */
import { CONTAINERS, type Family, OUTSIDERS, OWN, type Station } from './topology.ts';

export const SERVER_PORTS: readonly number[] = [22, 53, 80, 123, 443, 8080, 9000];
export const CLIENT_PORTS: readonly number[] = [400, 1000, 20001, 20002, 35000, 40500, 61000];
export const PORTS: readonly number[] = [...SERVER_PORTS, ...CLIENT_PORTS];
export const TTLS: readonly number[] = [1, 2, 3, 63, 64, 65, 128, 255];
export const TOSES: readonly number[] = [0, 0, 0, 0x10, 0x28, 0xb8, 0x01, 0x03];
export const PAYLOADS: readonly number[] = [0, 0, 1, 12, 40, 400];

const addressesOf = (stations: readonly Station[], family: Family): string[] =>
  stations.map(({ addresses }) => addresses[family]);

export function containerAddresses(family: Family): readonly string[] {
  return addressesOf(CONTAINERS, family);
}

function outsideAddresses(family: Family): readonly string[] {
  return addressesOf(OUTSIDERS, family);
}

export function anyAddress(family: Family): readonly string[] {
  return [...containerAddresses(family), ...outsideAddresses(family), ...OWN[family]];
}

/** Networks of the topology and around single addresses, as rules write them. */
export function networks(family: Family): readonly string[] {
  const wide =
    family === 4
      ? ['172.17.0.0/16', '172.20.0.0/24', '192.168.1.0/24', '10.0.0.0/8', '128.0.0.0/1']
      : ['fd00:17::/64', 'fd00:20::/64', '2001:db8::/32', 'fd00::/8', '2000::/3'];
  return [...wide, ...anyAddress(family).map((address) => `${address}/${family === 4 ? 32 : 128}`)];
}
