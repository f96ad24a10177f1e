/**
 * The small host that the oracle knows: four Ethernet interfaces, no bridge, a default route and
 * one table that a mark selects.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Link {
  readonly name: string;
  readonly ifindex: number;
  readonly mac: string;
  /** Primary address first. */
  readonly addresses: readonly string[];
  readonly prefixLen: number;
}

export const LINKS: readonly Link[] = [
  {
    name: 'eth0',
    ifindex: 2,
    mac: '02:00:00:00:01:0a',
    addresses: ['192.168.1.10', '192.168.1.11'],
    prefixLen: 24,
  },
  { name: 'eth1', ifindex: 3, mac: '02:00:00:00:02:01', addresses: ['10.20.0.1'], prefixLen: 24 },
  { name: 'dmz0', ifindex: 4, mac: '02:00:00:00:03:01', addresses: ['172.17.0.1'], prefixLen: 16 },
  { name: 'dmz1', ifindex: 5, mac: '02:00:00:00:04:01', addresses: ['172.18.0.1'], prefixLen: 16 },
];

const GATEWAY = '192.168.1.1';
/** Packets with this mark bit leave through eth1. */
export const ROUTING_MARK = 0x40;
const MARKED_TABLE = 100;
const MARKED_GATEWAY = '10.20.0.254';

export function ip(text: string): number {
  return text.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
}

export function ipText(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

function maskOf(prefixLen: number): number {
  return prefixLen === 0 ? 0 : (0xffffffff << (32 - prefixLen)) >>> 0;
}

function inPrefix(address: number, network: number, prefixLen: number): boolean {
  const mask = maskOf(prefixLen);
  return (address & mask) >>> 0 === (network & mask) >>> 0;
}

function networkOf(link: Link): number {
  return (ip(link.addresses[0] ?? '') & maskOf(link.prefixLen)) >>> 0;
}

function broadcastOf(link: Link): number {
  return (networkOf(link) | ~maskOf(link.prefixLen)) >>> 0;
}

export function linkOf(name: string): Link {
  const found = LINKS.find((link) => link.name === name);
  if (found === undefined) throw new Error(`no interface ${name}`);
  return found;
}

export type AddressKind = 'LOCAL' | 'BROADCAST' | 'MULTICAST' | 'UNICAST';

/** What the local table says (inet_dev_addr_type); with `device` of this interface alone. */
export function addressKind(address: number, device: string | null): AddressKind {
  if (address === 0xffffffff || inPrefix(address, 0, 8)) return 'BROADCAST';
  if (inPrefix(address, ip('224.0.0.0'), 4)) return 'MULTICAST';
  if (inPrefix(address, ip('127.0.0.0'), 8)) {
    return device === null || device === 'lo' ? 'LOCAL' : 'UNICAST';
  }
  for (const link of LINKS) {
    if (device !== null && link.name !== device) continue;
    if (link.addresses.some((own) => ip(own) === address)) return 'LOCAL';
    if (address === broadcastOf(link)) return 'BROADCAST';
  }
  return 'UNICAST';
}

/** Where a packet to a unicast address leaves: the interface and the next hop. */
export function routeTo(address: number, mark: number): { out: string; nextHop: number } {
  if ((mark & ROUTING_MARK) !== 0) return { out: 'eth1', nextHop: ip(MARKED_GATEWAY) };
  for (const link of LINKS) {
    if (inPrefix(address, networkOf(link), link.prefixLen)) {
      return { out: link.name, nextHop: address };
    }
  }
  return { out: 'eth0', nextHop: ip(GATEWAY) };
}

/** What MASQUERADE turns a source into (inet_select_addr): no link here has two subnets. */
export function primaryAddress(name: string): number {
  return ip(linkOf(name).addresses[0] ?? '');
}

function addrJson(link: Link): object {
  return {
    ifindex: link.ifindex,
    ifname: link.name,
    flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'],
    mtu: 1500,
    operstate: 'UP',
    link_type: 'ether',
    address: link.mac,
    broadcast: 'ff:ff:ff:ff:ff:ff',
    addr_info: link.addresses.map((local, index) => ({
      family: 'inet',
      local,
      prefixlen: link.prefixLen,
      broadcast: ipText(broadcastOf(link)),
      scope: 'global',
      secondary: index > 0 ? true : undefined,
      label: link.name,
    })),
  };
}

const LOOPBACK = {
  ifindex: 1,
  ifname: 'lo',
  flags: ['LOOPBACK', 'UP', 'LOWER_UP'],
  mtu: 65536,
  operstate: 'UNKNOWN',
  link_type: 'loopback',
  address: '00:00:00:00:00:00',
  addr_info: [{ family: 'inet', local: '127.0.0.1', prefixlen: 8, scope: 'host', label: 'lo' }],
};

function routesJson(): object[] {
  const connected = LINKS.flatMap((link) => {
    const prefsrc = link.addresses[0];
    const common = { dev: link.name, protocol: 'kernel', prefsrc, flags: [] };
    const own = { type: 'local', table: 'local', scope: 'host', ...common };
    return [
      { dst: `${ipText(networkOf(link))}/${link.prefixLen}`, scope: 'link', ...common },
      ...link.addresses.map((dst) => ({ ...own, dst })),
      { ...own, type: 'broadcast', scope: 'link', dst: ipText(broadcastOf(link)) },
    ];
  });
  const loopback = { type: 'local', table: 'local', dev: 'lo', protocol: 'kernel', scope: 'host' };
  return [
    { dst: 'default', gateway: GATEWAY, dev: 'eth0', flags: [] },
    { dst: 'default', gateway: MARKED_GATEWAY, dev: 'eth1', table: MARKED_TABLE, flags: [] },
    ...connected,
    { ...loopback, dst: '127.0.0.0/8', prefsrc: '127.0.0.1', flags: [] },
    { ...loopback, dst: '127.0.0.1', prefsrc: '127.0.0.1', flags: [] },
  ];
}

const POLICY_RULES = [
  { priority: 0, src: 'all', table: 'local' },
  {
    priority: 100,
    src: 'all',
    fwmark: `0x${ROUTING_MARK.toString(16)}`,
    fwmask: `0x${ROUTING_MARK.toString(16)}`,
    table: `${MARKED_TABLE}`,
  },
  { priority: 32766, src: 'all', table: 'main' },
  { priority: 32767, src: 'all', table: 'default' },
];

/** Writes the snapshot of this host with these rules. */
export function writeSnapshot(directory: string, rules: string): void {
  mkdirSync(directory, { recursive: true });
  const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);
  write('iptables-save.txt', rules);
  write('ip-addr.json', JSON.stringify([LOOPBACK, ...LINKS.map(addrJson)]));
  write('ip-route.json', JSON.stringify(routesJson()));
  write('ip-rule.json', JSON.stringify(POLICY_RULES));
  const settings = LINKS.map(({ name }) => `net.ipv4.conf.${name}.rp_filter = 0`);
  write(
    'sysctl.txt',
    ['net.ipv4.ip_forward = 1', 'net.ipv4.conf.all.rp_filter = 0', ...settings, ''].join('\n'),
  );
}
