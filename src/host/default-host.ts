/**
 * The snapshot that is used where there is none: a Docker host with the default bridge and nothing
 * published, as Docker 29's iptables back end sets it up. eth0's address is of TEST-NET-1 (RFC
 * 5737), so it is nobody's.
 */
import type { SnapshotFile } from './snapshot.ts';

const IPTABLES_SAVE = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-BRIDGE - [0:0]
:DOCKER-CT - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-INTERNAL - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER-BRIDGE -o docker0 -j DOCKER
-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-INTERNAL
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i docker0 -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
`;

const IP_ADDR = [
  {
    ifindex: 1,
    ifname: 'lo',
    flags: ['LOOPBACK', 'UP', 'LOWER_UP'],
    mtu: 65536,
    link_type: 'loopback',
    address: '00:00:00:00:00:00',
    addr_info: [
      { family: 'inet', local: '127.0.0.1', prefixlen: 8, scope: 'host' },
      { family: 'inet6', local: '::1', prefixlen: 128, scope: 'host' },
    ],
  },
  {
    ifindex: 2,
    ifname: 'eth0',
    flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'],
    mtu: 1500,
    link_type: 'ether',
    address: '02:00:c0:00:02:0a',
    addr_info: [
      {
        family: 'inet',
        local: '192.0.2.10',
        prefixlen: 24,
        broadcast: '192.0.2.255',
        scope: 'global',
      },
    ],
  },
  {
    ifindex: 3,
    ifname: 'docker0',
    flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'],
    mtu: 1500,
    link_type: 'ether',
    address: '02:42:ac:11:00:01',
    linkinfo: { info_kind: 'bridge', info_data: { nf_call_iptables: 0, nf_call_ip6tables: 0 } },
    addr_info: [
      {
        family: 'inet',
        local: '172.17.0.1',
        prefixlen: 16,
        broadcast: '172.17.255.255',
        scope: 'global',
      },
    ],
  },
];

const connected = (dst: string, dev: string, prefsrc: string) => ({
  dst,
  dev,
  protocol: 'kernel',
  scope: 'link',
  prefsrc,
});
const own = (type: 'local' | 'broadcast', dst: string, dev: string, prefsrc: string) => ({
  type,
  dst,
  dev,
  table: 'local',
  protocol: 'kernel',
  scope: type === 'local' ? 'host' : 'link',
  prefsrc,
});

const IP_ROUTE = [
  { dst: 'default', gateway: '192.0.2.1', dev: 'eth0' },
  connected('172.17.0.0/16', 'docker0', '172.17.0.1'),
  connected('192.0.2.0/24', 'eth0', '192.0.2.10'),
  own('local', '127.0.0.0/8', 'lo', '127.0.0.1'),
  own('local', '127.0.0.1', 'lo', '127.0.0.1'),
  own('broadcast', '127.255.255.255', 'lo', '127.0.0.1'),
  own('local', '172.17.0.1', 'docker0', '172.17.0.1'),
  own('broadcast', '172.17.255.255', 'docker0', '172.17.0.1'),
  own('local', '192.0.2.10', 'eth0', '192.0.2.10'),
  own('broadcast', '192.0.2.255', 'eth0', '192.0.2.10'),
];

const DOCKER_NETWORKS = [
  {
    Name: 'bridge',
    Driver: 'bridge',
    Internal: false,
    IPAM: { Config: [{ Subnet: '172.17.0.0/16', Gateway: '172.17.0.1' }] },
    Options: { 'com.docker.network.bridge.name': 'docker0' },
  },
];

export const DEFAULT_HOST_SOURCE = 'the embedded default host';

/** File name -> contents. Files that are not here have the defaults that any snapshot has. */
export const DEFAULT_HOST: Readonly<Partial<Record<SnapshotFile, string>>> = {
  'iptables-save.txt': IPTABLES_SAVE,
  'ip-addr.json': JSON.stringify(IP_ADDR),
  'ip-route.json': JSON.stringify(IP_ROUTE),
  'docker-networks.json': JSON.stringify(DOCKER_NETWORKS),
};
