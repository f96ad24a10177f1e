/** Names for reports: what an id or an address is called on this host. */
import { NETWORK_HOST, NETWORK_OUTSIDE } from '../../assembly/abi.ts';
import { addressFromBytes } from '../ruleset/address.ts';
import type { Address, Family } from '../ruleset/values.ts';
import type { Host, HostIp } from './host.ts';
import { prefixContains } from './text.ts';

export interface HostNames {
  /** "" for 0 and for ids that the host does not have. */
  interfaceName(id: number): string;
  /** The pseudo networks are "outside" and "host"; "" for ids that the host does not have. */
  networkName(id: number): string;
  /**
   * The container that has the address, else the interface of the host that has it, else the
   * network whose subnet it is of; null: somebody outside. `bytes` in network order: IPv4 in the
   * first four.
   */
  addressName(family: Family, bytes: Uint8Array): string | null;
  /** The same for an address as a number. */
  addressNameOf(ip: HostIp): string | null;
}

export function hostNames(host: Host): HostNames {
  const named = new Map<string, string>();
  const key = (family: Family, address: Address) => `${family} ${address}`;
  const put = (family: Family, address: Address, name: string) => {
    if (!named.has(key(family, address))) named.set(key(family, address), name);
  };
  for (const container of host.containers) {
    for (const { family, address } of container.endpoints.flatMap((end) => end.addresses)) {
      put(family, address, container.name);
    }
  }
  for (const iface of host.interfaces) {
    for (const { family, address } of iface.addresses) put(family, address, iface.name);
  }
  const subnetName = ({ family, address }: HostIp): string | null => {
    for (const network of host.networks) {
      const inside = network.subnets.some((subnet) => prefixContains(subnet, family, address));
      if (inside) return network.name;
    }
    return null;
  };
  const addressNameOf = (ip: HostIp) => named.get(key(ip.family, ip.address)) ?? subnetName(ip);
  return {
    interfaceName: (id) => host.interfaces[id - 1]?.name ?? '',
    networkName: (id) => {
      if (id === NETWORK_OUTSIDE) return 'outside';
      return id === NETWORK_HOST ? 'host' : (host.networks[id - 1]?.name ?? '');
    },
    addressName: (family, bytes) =>
      addressNameOf({
        family,
        address: addressFromBytes(bytes.subarray(0, family === 4 ? 4 : 16)),
      }),
    addressNameOf,
  };
}
