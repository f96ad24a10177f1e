import { describe, expect, test } from 'vitest';
import { problemsOf, rule, target } from './parse.ts';

const NO_FLAGS = { random: false, randomFully: false, persistent: false };
const HALF = 0x0a000001n;

describe('targets', () => {
  test.for([
    ['-j ACCEPT', 'filter', { kind: 'ACCEPT' }],
    ['-j DROP', 'filter', { kind: 'DROP' }],
    ['-j RETURN', 'filter', { kind: 'RETURN' }],
    ['-j QUEUE', 'filter', { kind: 'QUEUE' }],
    ['-j next', 'filter', { kind: 'jump', chain: 'next' }],
    ['-j REJECT', 'filter', { kind: 'REJECT', with: 'icmp-port-unreachable' }],
    ['-j REJECT --reject-with host-unreach', 'filter', { with: 'icmp-host-unreachable' }],
    ['-p tcp -j REJECT --reject-with tcp-rst', 'filter', { with: 'tcp-reset' }],
    [
      '-j LOG --log-prefix "x [y] " --log-level debug --log-uid --log-tcp-options',
      'filter',
      { kind: 'LOG', level: 7, prefix: 'x [y] ', uid: true, tcpOptions: true, ipOptions: false },
    ],
    ['-j LOG', 'filter', { level: 4, prefix: '' }],
    [
      '-j NFLOG --nflog-group 5 --nflog-prefix p --nflog-size 64 --nflog-threshold 9',
      'filter',
      { kind: 'NFLOG', group: 5, prefix: 'p', size: 64, threshold: 9 },
    ],
    ['-j MARK --set-xmark 0x1/0xf', 'mangle', { kind: 'MARK', value: 1, mask: 15 }],
    ['-j MARK --set-mark 0x80000000', 'mangle', { value: 0x80000000, mask: 0xffffffff }],
    ['-j MARK --set-mark 0x10/0x1', 'mangle', { value: 16, mask: 17 }],
    ['-j MARK --and-mark 0xf0', 'mangle', { value: 0, mask: 0xffffff0f }],
    ['-j MARK --or-mark 0xf0', 'mangle', { value: 0xf0, mask: 0xf0 }],
    ['-j MARK --xor-mark 0xf0', 'mangle', { value: 0xf0, mask: 0 }],
    [
      '-j CONNMARK --set-xmark 0x2/0xff',
      'mangle',
      { kind: 'CONNMARK', mode: 'set', value: 2, ctMask: 255, shift: null },
    ],
    [
      '-j CONNMARK --restore-mark --nfmask 0xf --ctmask 0xff',
      'mangle',
      { mode: 'restore', nfMask: 15, ctMask: 255 },
    ],
    [
      '-j CONNMARK --save-mark --mask 0x7 --left-shift-mark 3',
      'mangle',
      { mode: 'save', nfMask: 7, ctMask: 7, shift: { direction: 'left', bits: 3 } },
    ],
    [
      '-p tcp -j DNAT --to-destination 10.0.0.1:80',
      'nat',
      {
        kind: 'DNAT',
        range: { min: HALF, max: HALF, ports: { min: 80, max: 80 }, basePort: null, ...NO_FLAGS },
      },
    ],
    [
      '-p udp -j DNAT --to-destination 10.0.0.1-10.0.0.9:1000-2000/500 --random --persistent',
      'nat',
      {
        range: {
          min: HALF,
          max: 0x0a000009n,
          ports: { min: 1000, max: 2000 },
          basePort: 500,
          random: true,
          randomFully: false,
          persistent: true,
        },
      },
    ],
    ['-p tcp -j DNAT --to-destination :http', 'nat', { range: { min: null, ports: { min: 80 } } }],
    ['-j DNAT --to-destination 10.0.0.1', 'nat', { range: { min: HALF, max: HALF, ports: null } }],
    ['-j SNAT --to-source 10.0.0.1 --random-fully', 'nat', { range: { randomFully: true } }],
    ['-j MASQUERADE', 'nat', { kind: 'MASQUERADE', range: { min: null, ports: null } }],
    [
      '-p udp -j MASQUERADE --to-ports 1024-65535 --random-fully',
      'nat',
      { range: { ports: { min: 1024, max: 65535 }, randomFully: true } },
    ],
    [
      '-p tcp -j REDIRECT --to-ports 8080',
      'nat',
      { kind: 'REDIRECT', range: { ports: { min: 8080 } } },
    ],
    [
      '-j NETMAP --to 10.1.0.0/16',
      'nat',
      { kind: 'NETMAP', to: { address: 0x0a010000n, prefixLen: 16 } },
    ],
    ['-j NOTRACK', 'raw', { kind: 'CT', notrack: true, helper: null, zone: null }],
    [
      '-j CT --zone-orig 5 --helper ftp --ctevents new,destroy',
      'raw',
      {
        notrack: false,
        zone: { direction: 'original', id: 5 },
        helper: 'ftp',
        events: ['new', 'destroy'],
      },
    ],
    ['-j CT --zone mark', 'raw', { zone: { direction: 'both', id: 'mark' } }],
    ['-p tcp --syn -j TCPMSS --set-mss 1300', 'mangle', { kind: 'TCPMSS', mss: 1300 }],
    ['-p tcp --syn -j TCPMSS --clamp-mss-to-pmtu', 'filter', { mss: 'clamp' }],
    ['-p tcp -j TCPOPTSTRIP --strip-options mss,8', 'mangle', { options: [2, 8] }],
    ['-j TOS --set-tos 0x10/0x3f', 'mangle', { kind: 'TOS', value: 16, mask: 63 }],
    ['-j TOS --and-tos 0x0f', 'mangle', { value: 0, mask: 0xf0 }],
    ['-j DSCP --set-dscp-class EF', 'mangle', { kind: 'DSCP', value: 46 }],
    ['-p tcp -j ECN --ecn-tcp-remove', 'mangle', { kind: 'ECN', tcpRemove: true, ipEct: null }],
    ['-j TTL --ttl-dec 2', 'mangle', { kind: 'TTL', op: 'dec', value: 2 }],
    ['-j CHECKSUM --checksum-fill', 'mangle', { kind: 'CHECKSUM' }],
    ['-j CLASSIFY --set-class 1:ffff', 'mangle', { kind: 'CLASSIFY', priority: 0x1ffff }],
    [
      '-j SET --add-set s src,dst --exist --timeout 5 --del-set t dst --map-set u src --map-mark',
      'mangle',
      {
        kind: 'SET',
        add: { name: 's', sides: ['src', 'dst'] },
        del: { name: 't', sides: ['dst'] },
        map: { name: 'u', sides: ['src'] },
        exist: true,
        timeout: 5,
        mapMark: true,
        mapQueue: false,
      },
    ],
    ['-j TRACE', 'raw', { kind: 'TRACE' }],
    ['-j TEE --gateway 10.0.0.1', 'mangle', { kind: 'TEE', gateway: HALF, outInterface: null }],
    ['-j NFQUEUE --queue-num 3 --queue-bypass', 'filter', { queue: 3, count: 1, bypass: true }],
    ['-j NFQUEUE --queue-balance 4:7 --queue-cpu-fanout', 'filter', { queue: 4, count: 4 }],
    ['-j AUDIT --type drop', 'filter', { kind: 'AUDIT', type: 'drop' }],
    [
      '-j RATEEST --rateest-name r --rateest-interval 250ms --rateest-ewmalog 500ms',
      'filter',
      { kind: 'RATEEST', name: 'r', intervalSec: 0.25, ewmaSec: 0.5 },
    ],
    [
      '-j HMARK --hmark-tuple src,sport --hmark-mod 10 --hmark-offset 5 --hmark-rnd 0xcafe',
      'mangle',
      { kind: 'HMARK', tuple: ['src', 'sport'], modulus: 10, offset: 5, seed: 0xcafe },
    ],
    ['-p tcp -j SYNPROXY --mss 1460 --sack-perm', 'filter', { mss: 1460, sackPerm: true }],
    [
      '-j CLUSTERIP --new --hashmode sourceip --clustermac 01:00:5e:00:00:01 --total-nodes 2 ' +
        '--local-node 1',
      'filter',
      { isNew: true, hashMode: 'sourceip', clusterMac: 0x01005e000001, totalNodes: 2 },
    ],
    [
      '-p tcp -j TPROXY --on-port 3128 --on-ip 10.0.0.1 --tproxy-mark 0x1/0x1',
      'mangle',
      { kind: 'TPROXY', port: 3128, address: HALF, value: 1, mask: 1 },
    ],
    ['-j IDLETIMER --timeout 30 --label x', 'filter', { timeoutSec: 30, label: 'x' }],
    ['-j LED --led-trigger-id x --led-delay inf', 'filter', { trigger: 'x', delay: 'inf' }],
    ['-j ULOG --ulog-prefix x', 'filter', { kind: 'ULOG', prefix: 'x', group: 1 }],
    ['-j SECMARK --selctx a:b:c', 'mangle', { kind: 'SECMARK', context: 'a:b:c' }],
    ['-j CONNSECMARK --save', 'mangle', { kind: 'CONNSECMARK', mode: 'save' }],
  ] as const)('%s', ([spec, table, expected]) => {
    expect(target(spec, table)).toMatchObject(expected);
  });

  test('-g names a user chain too', () => {
    expect(rule('-g next')).toMatchObject({ goto: true, target: { kind: 'jump', chain: 'next' } });
    expect(rule('-j next')).toMatchObject({ goto: false });
  });

  test.for([
    [
      '-p tcp -j DNAT --to-destination [fd00::1]:80',
      'nat',
      { range: { min: (0xfdn << 120n) + 1n } },
    ],
    ['-j DNAT --to-destination fd00::1-fd00::9', 'nat', { range: { max: (0xfdn << 120n) + 9n } }],
    [
      '-p tcp -j SNAT --to-source [::1-::9]:1-5',
      'nat',
      { range: { min: 1n, max: 9n, ports: { max: 5 } } },
    ],
    ['-j REJECT', 'filter', { with: 'icmp6-port-unreachable' }],
    ['-j REJECT --reject-with adm', 'filter', { with: 'icmp6-adm-prohibited' }],
    ['-j HL --hl-set 64', 'mangle', { kind: 'HL', op: 'set', value: 64 }],
    [
      '-j SNPT --src-pfx fd00::/64 --dst-pfx 2001:db8::/64',
      'mangle',
      { kind: 'SNPT', src: { prefixLen: 64 } },
    ],
  ] as const)('IPv6: %s', ([spec, table, expected]) => {
    expect(target(spec, table, 6)).toMatchObject(expected);
  });

  test.for([
    ['-j DNAT --to-destination 10.0.0.1:80', 'nat'],
    ['-j DNAT --to-destination 10.0.0.1', 'filter'],
    ['-j DNAT', 'nat'],
    ['-p tcp -j DNAT --to-destination 10.0.0.1:90-80', 'nat'],
    ['-j DNAT --to-destination fd00::1', 'nat'],
    ['-p tcp -j REDIRECT --to-ports 1-2/3', 'nat'],
    ['-j MARK', 'mangle'],
    ['-j MARK --set-mark 1 --or-mark 2', 'mangle'],
    ['-j CONNMARK', 'mangle'],
    ['-j REJECT --reject-with nonsense', 'filter'],
    ['-j REJECT --reject-with tcp-reset', 'filter'],
    ['-j REJECT', 'mangle'],
    ['-j LOG --log-level 9', 'filter'],
    ['-j LOG --log-level constructor', 'filter'],
    ['-j TTL --ttl-dec 0', 'mangle'],
    ['-j TTL --ttl-set 5', 'filter'],
    ['-j CT --notrack', 'mangle'],
    ['-j CHECKSUM', 'mangle'],
    ['-j NFQUEUE --queue-balance 5', 'filter'],
    ['-j SET', 'mangle'],
    ['-j CLASSIFY --set-class 1', 'mangle'],
    ['-j TEE', 'mangle'],
    ['-j ACCEPT --foo', 'filter'],
    ['-j NETMAP', 'nat'],
    ['-j HL --hl-set 5', 'mangle'],
  ] as const)('%s in %s is refused', ([spec, table]) => {
    expect(problemsOf(spec, table)).not.toEqual([]);
  });
});
