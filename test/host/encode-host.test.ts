import { beforeAll, describe, expect, test } from 'vitest';
import * as abi from '../../assembly/abi.ts';
import { encodeHost } from '../../src/compile/host/encode-host.ts';
import { type Host, readHost } from '../../src/host/index.ts';
import { loadFiles, snapshots } from './data.ts';
import { ImageReader, type RecordReader } from './image-reader.ts';

let reader: ImageReader;
beforeAll(async () => {
  reader = await ImageReader.create();
});

function section(host: Host, number: number) {
  const found = encodeHost(host).find((candidate) => candidate.section === number);
  if (found === undefined) throw new Error(`no section ${number}`);
  return found;
}

function records(host: Host, number: number, size: number, name: RecordReader, fields: number) {
  const { bytes, count } = section(host, number);
  expect(bytes).toHaveLength(count * size);
  return reader.records(bytes, size, name, fields).map((record) => record.map(toNumber));
}

const toNumber = (value: bigint) => (value < 2n ** 53n ? Number(value) : value);
/** An IPv4 address in the high half of its first u64. */
const v4 = (...octets: number[]) =>
  toNumber(octets.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n) << 32n);

const ADDR = [
  { ifindex: 1, ifname: 'lo', flags: ['LOOPBACK', 'UP'], link_type: 'loopback', mtu: 65536 },
  {
    ifindex: 7,
    ifname: 'eth0',
    flags: ['UP'],
    mtu: 1400,
    link_type: 'ether',
    address: '02:00:c0:a8:01:0a',
    addr_info: [
      { family: 'inet', local: '10.0.0.1', prefixlen: 24, broadcast: '10.0.0.255' },
      { family: 'inet', local: '10.0.0.2', prefixlen: 24, secondary: true },
      { family: 'inet6', local: 'fe80::1', prefixlen: 64, scope: 'link' },
    ],
  },
  {
    ifindex: 9,
    ifname: 'br0',
    flags: [],
    link_type: 'ether',
    address: '02:42:00:00:00:01',
    linkinfo: { info_kind: 'bridge', info_data: { nf_call_iptables: 1 } },
    addr_info: [{ family: 'inet', local: '10.1.0.1', prefixlen: 16 }],
  },
  {
    ifindex: 10,
    ifname: 'veth0',
    flags: ['UP'],
    link_type: 'ether',
    address: '02:00:00:00:00:09',
    master: 'br0',
    linkinfo: { info_kind: 'veth', info_slave_kind: 'bridge', info_slave_data: { hairpin: true } },
  },
];

const NETWORKS = [
  {
    Name: 'app',
    Id: 'a1',
    Driver: 'bridge',
    Internal: true,
    IPAM: { Config: [{ Subnet: '10.1.0.0/16' }] },
    Options: {
      'com.docker.network.bridge.name': 'br0',
      'com.docker.network.bridge.enable_icc': 'false',
    },
    Containers: {
      c1: { Name: 'web', MacAddress: '02:42:0a:01:00:02', IPv4Address: '10.1.0.2/16' },
    },
  },
];

const FILES = {
  'iptables-save.txt': '',
  'ip-addr.json': JSON.stringify(ADDR),
  'docker-networks.json': JSON.stringify(NETWORKS),
  'ip-route.json': JSON.stringify([
    { dst: 'default', gateway: '10.0.0.254', dev: 'eth0', metric: 5 },
    { dst: '10.2.0.0/16', dev: 'br0', scope: 'link', prefsrc: '10.1.0.1', table: '7' },
    { dst: '10.3.0.0/16', dev: 'eth0', table: '7', metric: 9 },
    { dst: '10.3.0.0/16', dev: 'br0', table: '7', metric: 8 },
    { type: 'local', dst: '10.0.0.1', dev: 'eth0', table: 'local', scope: 'host' },
    { type: 'blackhole', dst: '10.3.3.0/24', table: '7' },
  ]),
  'ip-route6.json': JSON.stringify([]),
  'ip-rule.json': JSON.stringify([
    {
      priority: 50,
      not: null,
      src: '10.0.0.0',
      srclen: 8,
      dst: '10.9.0.1',
      fwmark: '0x1',
      fwmask: '0xf',
      iif: 'eth0',
      oif: 'br0',
      tos: '0x10',
      ipproto: 'udp',
      sport: 53,
      dport_start: 1,
      dport_end: 9,
      suppress_prefixlen: 0,
      table: '7',
    },
    { priority: 0, src: 'all', table: 'local' },
  ]),
  'bridge-fdb.json': JSON.stringify([
    { mac: '02:42:00:00:00:01', ifname: 'br0', master: 'br0', state: 'permanent' },
    { mac: '02:42:0a:01:00:02', ifname: 'veth0', master: 'br0', state: '' },
    { mac: '02:00:00:00:00:09', ifname: 'veth0', master: 'br0', state: 'permanent' },
    { mac: '33:33:00:00:00:01', ifname: 'veth0', flags: ['self'], state: 'permanent' },
  ]),
  'sysctl.txt':
    'net.netfilter.nf_conntrack_udp_timeout = 11\nnet.ipv4.conf.eth0.rp_filter = 2\n' +
    'net.ipv4.conf.all.route_localnet = 1\nnet.ipv6.conf.br0.disable_ipv6 = 1\n' +
    'net.ipv4.conf.eth0.forwarding = 0\nnet.ipv6.conf.all.forwarding = 0\n',
  'conntrack.txt':
    'tcp 6 99 TIME_WAIT src=8.8.8.8 dst=10.0.0.1 sport=5 dport=8080 packets=1 bytes=60 ' +
    'src=10.1.0.2 dst=8.8.8.8 sport=80 dport=5 packets=2 bytes=120 [ASSURED] mark=3 zone-orig=4\n' +
    'icmp 1 9 src=10.1.0.2 dst=8.8.8.8 type=8 code=0 id=7 [UNREPLIED] ' +
    'src=8.8.8.8 dst=10.0.0.1 type=0 code=0 id=7 mark=0\n' +
    'udp 17 9 src=fd00::1 dst=fd00::2 sport=1 dport=2 src=fd00::2 dst=fd00::1 sport=2 dport=1\n',
};

test('heads of the records fit before their addresses', () => {
  const [iface, fdb, network, neighbour, address, route, rule, conn] = reader.sizes();
  expect([iface, network]).toEqual([abi.IFACE_SIZE, abi.NETWORK_SIZE]);
  expect(fdb).toBeLessThanOrEqual(abi.FDB_SIZE);
  expect([neighbour, address]).toEqual([16, 16]);
  expect([route, rule, conn]).toEqual([32, 48, 64]);
});

describe('every field is where the core reads it', () => {
  let host: Host;
  beforeAll(async () => {
    host = await readHost({ files: FILES });
    expect(host.problems).toEqual([]);
  });

  test('interfaces', () => {
    const up = abi.IFACE_UP;
    const local = abi.IFACE_ROUTE_LOCALNET;
    const v6 = abi.IFACE_IPV6;
    const forwards = abi.IFACE_FORWARDING_V4;
    const call = abi.IFACE_NF_CALL_IPTABLES;
    const hairpin = abi.IFACE_HAIRPIN;
    expect(records(host, abi.SECTION_IFACE, abi.IFACE_SIZE, 'readIface', 10)).toEqual([
      [1, abi.IFACE_LOOPBACK, 0, up | local | v6 | forwards, 0, 0, 0, 0, 0, 65536],
      [7, abi.IFACE_UPLINK, 0, up | local | v6, 0, 2, 0x0200c0a8010a, 0, 3, 1400],
      [9, abi.IFACE_BRIDGE, 0, local | forwards | call, 1, 0, 0x024200000001, 3, 1, 1500],
      [
        10,
        abi.IFACE_PORT,
        3,
        up | local | v6 | forwards | hairpin,
        0,
        0,
        0x020000000009,
        4,
        0,
        1500,
      ],
    ]);
  });

  test('addresses', () => {
    expect(records(host, abi.SECTION_ADDRESS, abi.ADDRESS_SIZE, 'readAddress', 9)).toEqual([
      [2, 4, 24, 0, abi.ADDRESS_HAS_BROADCAST, v4(10, 0, 0, 1), 0, v4(10, 0, 0, 255), 0],
      [2, 4, 24, 0, abi.ADDRESS_SECONDARY, v4(10, 0, 0, 2), 0, 0, 0],
      [2, 6, 64, abi.SCOPE_LINK, 0, 0xfe80n << 48n, 1, 0, 0],
      [3, 4, 16, 0, 0, v4(10, 1, 0, 1), 0, 0, 0],
    ]);
  });

  test('routes: by table, longest prefix first, then metric', () => {
    const none = [0, 0];
    expect(records(host, abi.SECTION_ROUTE, abi.ROUTE_SIZE, 'readRoute', 15)).toEqual([
      [7, 0, 0, 4, 24, abi.ROUTE_BLACKHOLE, 0, 0, 0, v4(10, 3, 3, 0), 0, ...none, ...none],
      [7, 0, 3, 4, 16, 1, abi.SCOPE_LINK, 0, 1, v4(10, 2, 0, 0), 0, ...none, v4(10, 1, 0, 1), 0],
      [7, 8, 3, 4, 16, abi.ROUTE_UNICAST, 0, 0, 0, v4(10, 3, 0, 0), 0, ...none, ...none],
      [7, 9, 2, 4, 16, abi.ROUTE_UNICAST, 0, 0, 0, v4(10, 3, 0, 0), 0, ...none, ...none],
      [254, 5, 2, 4, 0, abi.ROUTE_UNICAST, 0, 1, 0, ...none, v4(10, 0, 0, 254), 0, ...none],
      [
        255,
        0,
        2,
        4,
        32,
        abi.ROUTE_LOCAL,
        abi.SCOPE_HOST,
        0,
        0,
        v4(10, 0, 0, 1),
        0,
        ...none,
        ...none,
      ],
    ]);
  });

  test('ip rules: by priority, families apart', () => {
    const rules = records(
      host,
      abi.SECTION_POLICY_RULE,
      abi.POLICY_RULE_SIZE,
      'readPolicyRule',
      23,
    );
    expect(rules.map((rule) => [rule[6], rule[0], rule[1]])).toEqual([
      [4, 0, 255],
      [4, 50, 7],
      [6, 0, 255],
      [6, 32766, 254],
    ]);
    expect(rules[1]).toEqual([
      ...[50, 7, 1, 15, 2, 3, 4, abi.ROUTE_UNICAST, 8, 32, 1, 17, 16, 1, 0, 53, 53, 1, 9],
      ...[v4(10, 0, 0, 0), 0, v4(10, 9, 0, 1), 0],
    ]);
  });

  test('forwarding entries: addresses of the host are the bridge’s', () => {
    expect(records(host, abi.SECTION_FDB, abi.FDB_SIZE, 'readFdb', 4)).toEqual([
      [3, 3, 0x024200000001, 1],
      [3, 4, 0x02420a010002, 0],
      [3, 3, 0x020000000009, 1],
    ]);
  });

  test('neighbours and networks', () => {
    const neighbours = section(host, abi.SECTION_NEIGHBOUR).bytes;
    expect(
      reader.records(neighbours, abi.NEIGHBOUR_SIZE, 'readNeighbour', 5)[0]?.map(toNumber),
    ).toEqual([3, 4, 0x02420a010002, v4(10, 1, 0, 2), 0]);
    expect(records(host, abi.SECTION_NETWORK, abi.NETWORK_SIZE, 'readNetwork', 2)).toEqual([
      [3, abi.NETWORK_INTERNAL | abi.NETWORK_ICC_OFF],
    ]);
  });

  test('sysctls', () => {
    const { bytes, count } = section(host, abi.SECTION_SYSCTL);
    const values = new Uint32Array(bytes.buffer);
    expect(count).toBe(abi.SYSCTL_COUNT);
    expect(values).toHaveLength(abi.SYSCTL_COUNT);
    expect(values[abi.SYSCTL_CT_UDP_TIMEOUT]).toBe(11);
    expect(values[abi.SYSCTL_CT_TCP_TIMEOUT_ESTABLISHED]).toBe(432000);
    expect(values[abi.SYSCTL_BRIDGE_CALL_IPTABLES]).toBe(1);
    expect(values[abi.SYSCTL_IPFRAG_TIME]).toBe(30);
    expect(values[abi.SYSCTL_IP6FRAG_TIME]).toBe(60);
  });

  test('known connections: state, NAT and zone', () => {
    const nat = { done: 0x180, source: 0x10, destination: 0x20, confirmed: 8, assured: 4, seen: 2 };
    const always = nat.done | nat.confirmed;
    const conns = records(host, abi.SECTION_CONNTRACK, abi.KNOWN_CONN_SIZE, 'readKnownConn', 24);
    const status = always | nat.destination | nat.assured | nat.seen;
    expect(conns[0]).toEqual([
      ...[status, 3, 99, 4, 6, 4, 7, 1, 5, 8080, 80, 5, 1, 60, 2, 120],
      ...[v4(8, 8, 8, 8), 0, v4(10, 0, 0, 1), 0, v4(10, 1, 0, 2), 0, v4(8, 8, 8, 8), 0],
    ]);
    expect(conns[1]?.slice(0, 12)).toEqual([
      ...[always | nat.source, 0, 9, 0, 1, 4, 0, 0, 7, 0x800, 7, 0],
    ]);
    expect(conns[2]?.[0]).toBe(always | nat.seen);
    expect(conns[2]?.slice(16, 18)).toEqual([0xfdn << 56n, 1]);
  });
});

test.each(snapshots())('%s: same files, same bytes', async (dir) => {
  const files = loadFiles(dir);
  const [first, second] = [await readHost({ files }), await readHost({ dir })];
  expect(encodeHost(first)).toEqual(encodeHost(second));
});
