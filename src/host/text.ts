/** Addresses as the snapshot's commands write them. */
import { addressBits, parseAddress } from '../ruleset/address.ts';
import type { Address, Family, MacAddress } from '../ruleset/values.ts';
import type { HostIp, HostPrefix } from './host.ts';

/** An address of either family; null: neither. */
export function parseIp(text: string): HostIp | null {
  const family: Family = text.includes(':') ? 6 : 4;
  // fe80::1%eth0: the zone is said by the interface field beside it
  const address = parseAddress(text.replace(/%.*/, ''), family);
  return address === null ? null : { family, address };
}

/** `address/prefixLen` or an address alone, which is a whole prefix. Host bits are kept. */
export function parseIpPrefix(text: string): HostPrefix | null {
  const slash = text.indexOf('/');
  const ip = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (ip === null) return null;
  const bits = addressBits(ip.family);
  if (slash < 0) return { ...ip, prefixLen: bits };
  const length = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(length) || Number(length) > bits) return null;
  return { ...ip, prefixLen: Number(length) };
}

/** Whether `address` is in the prefix. */
export function prefixContains(prefix: HostPrefix, family: Family, address: Address): boolean {
  if (prefix.family !== family) return false;
  const shift = BigInt(addressBits(family) - prefix.prefixLen);
  return prefix.address >> shift === address >> shift;
}

/** The prefix with the bits beyond it cleared. */
export function networkAddress(prefix: HostPrefix): Address {
  const shift = BigInt(addressBits(prefix.family) - prefix.prefixLen);
  return (prefix.address >> shift) << shift;
}

/** Last address of the prefix. */
export function lastAddress(prefix: HostPrefix): Address {
  const shift = BigInt(addressBits(prefix.family) - prefix.prefixLen);
  return networkAddress(prefix) | ((1n << shift) - 1n);
}

/** Six octets with colons; null where `text` is something else (a tunnel's IP address, say). */
export function parseMac(text: string): MacAddress | null {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) return null;
  return Number.parseInt(text.replaceAll(':', ''), 16);
}
