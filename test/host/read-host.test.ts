import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DockfwError } from '../../src/errors.ts';
import { connectedRoutes, localRoutes } from '../../src/host/derive-routes.ts';
import { type Host, hostNames, readHost, type SnapshotFile } from '../../src/host/index.ts';
import { formatAddress } from '../../src/ruleset/address.ts';
import { DATA, loadFiles, SKIP_REASON, snapshots } from './data.ts';

const interfaceOf = (host: Host, name: string) => host.interfaces.find((i) => i.name === name);
const addressesOf = (host: Host, name: string) =>
  interfaceOf(host, name)?.addresses.map(
    ({ family, address, prefixLen }) => `${formatAddress(address, family)}/${prefixLen}`,
  );
const assumedFiles = (host: Host) => [...new Set(host.assumed.map(({ file }) => file))];
const routesOf = (host: Host, family: 4 | 6) =>
  host.routes
    .filter((route) => route.family === family)
    .map((route) => {
      const { type, table, dst, prefixLen, interface: id, gateway } = route;
      const dev = host.interfaces[id - 1]?.name;
      const via = gateway === null ? '' : ` via ${formatAddress(gateway, family)}`;
      return `${table} ${type} ${formatAddress(dst, family)}/${prefixLen} ${dev}${via}`;
    })
    .sort();

const RULES = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i wan0 -o docker0 -j ACCEPT
-A FORWARD -m physdev --physdev-in veth1 -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.5/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.17.0.2:80
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 10.8.0.0/24 ! -o br-lab -j MASQUERADE
COMMIT
`;

describe('the embedded default host', () => {
  test('is a Docker host with the default bridge', async () => {
    const host = await readHost();
    expect(host.source).toBe('the embedded default host');
    expect(host.problems).toEqual([]);
    expect(host.interfaces.map(({ name, kind, network }) => [name, kind, network])).toEqual([
      ['lo', 'loopback', 0],
      ['eth0', 'uplink', 0],
      ['docker0', 'bridge', 1],
    ]);
    expect(host.networks.map(({ name, interface: id }) => [name, id])).toEqual([['bridge', 3]]);
    expect(addressesOf(host, 'docker0')).toEqual(['172.17.0.1/16']);
    const tables = host.rulesets.v4?.tables.map((table) => table.name);
    expect(tables).toEqual(['filter', 'nat']);
    expect(host.rulesets.v6).toBeNull();
  });

  test('its local table is what its addresses make', async () => {
    const host = await readHost();
    const listed = host.routes.filter((route) => route.family === 4 && route.table === 255);
    const key = (route: (typeof listed)[number]) => `${route.type} ${route.dst}`;
    expect(localRoutes(host.interfaces, 4).map(key).sort()).toEqual(listed.map(key).sort());
  });
});

describe.skipIf(SKIP_REASON !== undefined)('real snapshots', () => {
  test.each(snapshots())('%s has no problem', async (dir) => {
    const host = await readHost(dir);
    expect(host.problems.map((problem) => problem.format())).toEqual([]);
    expect(host.interfaces.every((iface, index) => iface.id === index + 1)).toBe(true);
    expect(host.interfaces.some((iface) => iface.placeholder && iface.up)).toBe(false);
    expect(host.routes.length).toBeGreaterThan(5);
  });

  test.each(snapshots())('%s: routes derived from the addresses are its own', async (dir) => {
    const host = await readHost(dir);
    const key = (route: Host['routes'][number]) =>
      `${route.table} ${route.type} ${route.dst}/${route.prefixLen} ${route.interface} ${route.scope} ${route.prefSrc}`;
    const derived = [...localRoutes(host.interfaces, 4), ...connectedRoutes(host.interfaces, 4)];
    const listed = host.routes.filter(({ family, gateway }) => family === 4 && gateway === null);
    expect(derived.map(key).sort()).toEqual(listed.map(key).sort());
  });

  test('a whole one in detail', async () => {
    const host = await readHost(join(DATA, 'live/docker20-shop/host'));
    expect(host.interfaces.map(({ name, ifindex, kind }) => [name, ifindex, kind])).toEqual([
      ['lo', 1, 'loopback'],
      ['eth0', 2, 'uplink'],
      ['docker0', 3, 'bridge'],
      ['br-shop', 4, 'bridge'],
      ['br-back', 5, 'bridge'],
      ['br-int', 6, 'bridge'],
      ['veth08dedb5', 8, 'port'],
      ['veth50bf06c', 10, 'port'],
      ['veth4b2420b', 12, 'port'],
      ['vethbc4f650', 14, 'port'],
      ['vethe98b28d', 16, 'port'],
      ['vethe8552c7', 18, 'port'],
    ]);
    expect(host.interfaces[8]?.master).toBe(4);
    expect(host.interfaces[1]?.addresses.map((address) => address.secondary)).toEqual([
      false,
      true,
      false,
    ]);
    expect(host.networks.map((network) => [network.name, network.internal])).toEqual([
      ['back', false],
      ['bridge', false],
      ['shop', false],
      ['vault', true],
    ]);
    const names = hostNames(host);
    expect(names.interfaceName(4)).toBe('br-shop');
    expect(names.networkName(4)).toBe('vault');
    expect(names.networkName(0)).toBe('outside');
    expect(names.networkName(0xffff)).toBe('host');
    expect(names.addressName(4, Uint8Array.of(172, 18, 0, 2))).toBe('web');
    expect(names.addressName(4, Uint8Array.of(172, 18, 0, 1))).toBe('br-shop');
    expect(names.addressName(4, Uint8Array.of(172, 18, 9, 9))).toBe('shop');
    expect(names.addressName(4, Uint8Array.of(8, 8, 8, 8))).toBeNull();
    const web = host.containers.find((container) => container.name === 'web');
    expect(web?.published.map((port) => [port.hostPort, port.containerPort])).toEqual([
      [8443, 443],
      [8080, 80],
      [8080, 80],
    ]);
    expect(host.neighbours).toHaveLength(6);
    expect(host.docker).toEqual({ server: '20.10.24+dfsg1', kernel: '6.18.44-fc-v669' });
    expect(assumedFiles(host)).toEqual(['ip6tables-save.txt', 'sysctl.txt', 'conntrack.txt']);
  });

  test('settings of single interfaces', async () => {
    const host = await readHost(join(DATA, 'kernel/c3-per-interface-forwarding/host'));
    expect(interfaceOf(host, 'docker0')?.settings.forwardingV4).toBe(false);
    expect(interfaceOf(host, 'eth0')?.settings.forwardingV4).toBe(true);
  });

  test('without ip-addr.json the other files give the same addresses', async () => {
    const files = loadFiles(join(DATA, 'live/docker20-shop/host'));
    const whole = await readHost({ files });
    delete files['ip-addr.json'];
    const host = await readHost({ files });
    for (const { name, kind } of whole.interfaces) {
      expect(addressesOf(host, name)?.toSorted(), name).toEqual(
        addressesOf(whole, name)?.toSorted(),
      );
      expect(interfaceOf(host, name)?.kind).toBe(kind);
    }
    expect(routesOf(host, 4)).toEqual(routesOf(whole, 4));
    expect(assumedFiles(host)).toContain('ip-addr.json');
  });

  test('without ip-addr.json and routes: Docker and the rules tell', async () => {
    const files = loadFiles(join(DATA, 'live/docker20-shop/host'));
    const whole = await readHost({ files });
    delete files['ip-addr.json'];
    delete files['ip-route.json'];
    delete files['ip-route6.json'];
    const host = await readHost({ files });
    for (const name of ['docker0', 'br-shop', 'br-back', 'br-int']) {
      expect(addressesOf(host, name)).toEqual(addressesOf(whole, name)?.slice(0, 1));
    }
    // eth0's first address is in a DNAT rule, its second one nowhere
    expect(addressesOf(host, 'eth0')).toEqual(['192.168.1.10/24']);
    const gateway = '254 unicast 0.0.0.0/0 eth0';
    expect(routesOf(host, 4)).toEqual(
      routesOf(whole, 4)
        .filter((route) => !route.includes('192.168.1.11'))
        .map((route) => (route.startsWith(gateway) ? gateway : route)),
    );
  });
});

describe('little is known', () => {
  test('rules alone give bridges, subnets and the uplink', async () => {
    const host = await readHost({ files: { 'iptables-save.txt': RULES } });
    expect(host.problems).toEqual([]);
    expect(host.interfaces.map(({ name, kind }) => [name, kind])).toEqual([
      ['lo', 'loopback'],
      ['wan0', 'uplink'],
      ['docker0', 'bridge'],
      ['veth1', 'other'],
      ['br-lab', 'bridge'],
    ]);
    expect(addressesOf(host, 'docker0')).toEqual(['172.17.0.1/16']);
    expect(addressesOf(host, 'br-lab')).toEqual(['10.8.0.1/24']);
    expect(addressesOf(host, 'wan0')).toEqual(['203.0.113.5/24']);
    expect(routesOf(host, 4)).toContain('254 unicast 0.0.0.0/0 wan0');
    expect(host.networks.map((network) => network.name)).toEqual(['docker0', 'br-lab']);
    expect(host.assumed.filter(({ file }) => file === 'ip-addr.json')).toEqual([
      {
        file: 'ip-addr.json',
        text: 'uplink wan0 with 203.0.113.5/24: from rules that translate it',
      },
      {
        file: 'ip-addr.json',
        text: expect.stringContaining('docker0 172.17.0.1/16'),
      },
    ]);
  });

  test('an uplink is there even where nothing mentions one', async () => {
    const rules = '*filter\n:FORWARD DROP [0:0]\n-A FORWARD -i docker0 -j ACCEPT\nCOMMIT\n';
    const host = await readHost({ files: { 'iptables-save.txt': rules } });
    expect(addressesOf(host, 'eth0')).toEqual(['192.0.2.10/24']);
  });

  test('docker-networks.json gives bridges by name or id, and containers', async () => {
    const network = {
      Name: 'app',
      Id: '0123456789abcdef',
      Driver: 'bridge',
      Internal: true,
      IPAM: { Config: [{ Subnet: '172.30.0.0/24', Gateway: '172.30.0.254' }] },
      Options: { 'com.docker.network.bridge.enable_icc': 'false' },
      Containers: {
        c0ffee: { Name: 'db', MacAddress: '02:42:ac:1e:00:02', IPv4Address: '172.30.0.2/24' },
      },
    };
    const none = { Name: 'none', Driver: 'null' };
    const files = {
      'iptables-save.txt': RULES,
      'docker-networks.json': JSON.stringify([none, network]),
    };
    const host = await readHost({ files });
    expect(addressesOf(host, 'br-0123456789ab')).toEqual(['172.30.0.254/24']);
    expect(host.networks[0]).toMatchObject({ id: 1, name: 'app', internal: true, icc: false });
    expect(host.containers[0]).toMatchObject({
      name: 'db',
      endpoints: [{ network: 1, mac: 0x0242ac1e0002 }],
    });
    expect(host.neighbours[0]).toMatchObject({ address: 0xac1e0002n, mac: 0x0242ac1e0002 });
  });

  test('a directory without iptables-save.txt has the default host’s rules', async () => {
    const host = await readHost({ files: {} });
    expect(host.rulesets.v4?.file).toBe('the embedded default host: iptables-save.txt');
    expect(host.assumed[0]).toEqual({
      file: 'iptables-save.txt',
      text: 'the rules of the embedded default host',
    });
  });

  test('an empty iptables-save.txt is a host without rules', async () => {
    const host = await readHost({ files: { 'iptables-save.txt': '' } });
    expect(host.rulesets.v4?.tables).toEqual([]);
    expect(host.assumed[0]?.text).toBe('empty: every policy ACCEPT');
  });
});

describe('names that ip-addr.json lacks', () => {
  const lo = { ifindex: 1, ifname: 'lo', flags: ['LOOPBACK', 'UP'] };
  const files = { 'iptables-save.txt': RULES, 'ip-addr.json': JSON.stringify([lo]) };

  test('become placeholders that take no part', async () => {
    const host = await readHost({ files, interfaces: ['wan0', 'veth9'] });
    const placeholders = host.interfaces.filter((iface) => iface.placeholder);
    expect(placeholders.map(({ name, kind, up }) => [name, kind, up])).toEqual([
      ['wan0', 'other', false],
      ['docker0', 'other', false],
      ['veth1', 'other', false],
      ['br-lab', 'other', false],
      ['veth9', 'other', false],
    ]);
  });
});

describe('ip-rule.json', () => {
  const rule = { priority: 9, src: 'all', not: null, iif: 'wg0', table: '9' };

  test('an interface that is not there matches nothing, and everything when inverted', async () => {
    const host = await readHost({ files: { 'ip-rule.json': JSON.stringify([rule]) } });
    const iif = host.policyRules.find(({ priority }) => priority === 9)?.iif ?? 0;
    expect(host.interfaces[iif - 1]?.name).toBe('wg0');
  });

  test('rules of IPv4 alone: IPv6 has the standard ones, and it is said', async () => {
    const host = await readHost({ files: { 'ip-rule.json': JSON.stringify([rule]) } });
    expect(host.assumed).toContainEqual({
      file: 'ip-rule.json',
      text: 'IPv6: tables local, main',
    });
  });
});

describe('nft-ruleset.json', () => {
  test('iptables-nft’s own tables are not a substitute for iptables-save.txt', async () => {
    const nftables = [{ table: { family: 'ip', name: 'filter', handle: 1 } }];
    const host = await readHost({ files: { 'nft-ruleset.json': JSON.stringify({ nftables }) } });
    expect(host.assumed).toContainEqual({
      file: 'nft-ruleset.json',
      text: 'the rules of ip filter are not read: iptables-save.txt would have them',
    });
  });

  test('only native tables are told, as assumptions', async () => {
    const table = (family: string, name: string) => ({ table: { family, name, handle: 1 } });
    const rule = (family: string, name: string) => ({ rule: { family, table: name, chain: 'c' } });
    const nftables = [
      { metainfo: { version: '1.0.6' } },
      table('ip', 'filter'),
      rule('ip', 'filter'),
      table('inet', 'fw'),
      { chain: { family: 'inet', table: 'fw', name: 'c' } },
      rule('inet', 'fw'),
      rule('inet', 'fw'),
    ];
    const files = {
      'iptables-save.txt': RULES,
      'nft-ruleset.json': JSON.stringify({ nftables }),
    };
    const host = await readHost({ files });
    expect(host.nativeTables).toEqual([{ family: 'inet', name: 'fw', chains: 1, rules: 2 }]);
    expect(host.assumed.map(({ text }) => text)).toContain(
      'table inet fw (1 chain, 2 rules) is not evaluated: packets are taken to pass it',
    );
  });
});

describe('what cannot be read at all', () => {
  test('a directory or rules file that is not there', async () => {
    for (const options of [{ dir: '/nonexistent' }, { rules: '/nonexistent/rules' }]) {
      const error = await readHost(options).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(DockfwError);
      expect(error).toMatchObject({ code: 'FILE' });
    }
  });

  test('a name that no file of a snapshot has', async () => {
    const files = { 'iptables.txt': '' } as Readonly<Partial<Record<SnapshotFile, string>>>;
    const error = await readHost({ files }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'USAGE' });
    expect(String(error)).toMatch(/iptables\.txt is no file of .*: expected iptables-save\.txt, /);
  });

  test('aborted', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(readHost({ dir: DATA, signal })).rejects.toThrow('enough');
  });
});
