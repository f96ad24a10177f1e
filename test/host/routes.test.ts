import { expect, test } from 'vitest';
import { Notes, SourceText } from '../../src/host/notes.ts';
import { readPolicyRules } from '../../src/host/policy-rules.ts';
import { RouteTables } from '../../src/host/route-tables.ts';
import { readRoutes } from '../../src/host/routes.ts';

function routes(items: unknown, family: 4 | 6 = 4) {
  const notes = new Notes();
  const source = new SourceText('ip-route.json', JSON.stringify(items), notes);
  return { ...readRoutes(source, family, new RouteTables()), problems: notes.problems };
}

function rules(items: unknown) {
  const notes = new Notes();
  const source = new SourceText('ip-rule.json', JSON.stringify(items), notes);
  return { rules: readPolicyRules(source, new RouteTables()), problems: notes.problems };
}

// As iproute2 6.1 prints them.
test('types, tables, metrics and next hops', () => {
  const { routes: read, problems } = routes([
    { dst: 'default', gateway: '192.168.1.1', dev: 'eth0', metric: 100, flags: [] },
    { type: 'throw', dst: 'default', table: '100', flags: [] },
    { type: 'unreachable', dst: '10.7.0.0/16', table: 'vpn', metric: 4, flags: [] },
    { dst: '10.8.0.0/16', via: { family: 'inet6', host: 'fe80::1' }, dev: 'eth0', flags: [] },
    { dst: '10.9.0.1', dev: 'eth0', scope: 'link', prefsrc: '10.0.0.5', flags: ['onlink'] },
    { type: 'broadcast', dst: '10.0.0.255', dev: 'eth0', table: 'local', scope: 'link' },
    { dst: '10.5.0.0/16', dev: 'eth1', flags: ['dead', 'linkdown'] },
  ]);
  expect(problems).toEqual([]);
  const summary = read.map((r) => [r.type, r.table, r.dst, r.prefixLen, r.dev, r.metric, r.scope]);
  expect(summary).toEqual([
    ['unicast', 254, 0n, 0, 'eth0', 100, 0],
    ['throw', 100, 0n, 0, null, 0, 0],
    ['unreachable', 2 ** 31, 0x0a070000n, 16, null, 4, 0],
    ['unicast', 254, 0x0a080000n, 16, 'eth0', 0, 0],
    ['unicast', 254, 0x0a090001n, 32, 'eth0', 0, 253],
    ['broadcast', 255, 0x0a0000ffn, 32, 'eth0', 0, 253],
  ]);
  expect(read[0]?.gateway).toBe(0xc0a80101n);
  expect(read[3]?.gateway).toBeNull();
  expect(read[4]?.prefSrc).toBe(0x0a000005n);
});

test('of several next hops the first that works is taken, and it is said', () => {
  const hop = (gateway: string, flags: string[] = []) => ({ gateway, dev: 'eth0', flags });
  const { routes: read, problems } = routes([
    { dst: '10.5.0.0/16', nexthops: [hop('10.0.0.1', ['dead']), hop('10.0.0.2')] },
    { dst: '10.6.0.0/16', nexthops: [hop('10.0.0.3'), hop('10.0.0.4')] },
  ]);
  expect(read.map((route) => route.gateway)).toEqual([0x0a000002n, 0x0a000003n]);
  expect(problems.map((problem) => [problem.severity, problem.message])).toEqual([
    ['warning', 'route with 2 next hops: the first is always taken'],
  ]);
});

test('IPv6', () => {
  const { routes: read, problems } = routes(
    [
      { dst: '2001:db8::/32', dev: 'eth0', metric: 1024, pref: 'medium' },
      { type: 'anycast', dst: 'fe80::', dev: 'eth0', table: 'local', metric: 0 },
      { type: 'multicast', dst: 'ff00::/8', dev: 'eth0', table: 'local', metric: 256 },
    ],
    6,
  );
  expect(problems).toEqual([]);
  expect(read.map((route) => [route.type, route.prefixLen])).toEqual([
    ['unicast', 32],
    ['anycast', 128],
    ['multicast', 8],
  ]);
});

test.each([
  [{ dst: '10.0.0/8', dev: 'eth0' }, 'dst should be an IPv4 prefix: 10.0.0/8'],
  [{ dst: '10.0.0.0/33', dev: 'eth0' }, 'dst should be an IPv4 prefix: 10.0.0.0/33'],
  [{ dst: 'fe80::/64', dev: 'eth0' }, 'dst should be an IPv4 prefix: fe80::/64'],
  [{ dst: 10, dev: 'eth0' }, 'dst should be a string, not a number'],
  [{ dst: '10.0.0.0/8' }, 'unicast route without "dev"'],
  [{ dst: '10.0.0.0/8', dev: 'eth0', type: 'magic' }, 'unknown route type magic'],
  [
    { dst: '10.0.0.0/8', dev: 'eth0', tos: '0x10' },
    'route with "tos": left out, destinations alone decide',
  ],
  [[], 'each item of the list of routes should be an object, not an array'],
])('%j: %s', (item, message) => {
  const { routes: read, problems } = routes([item, { dst: 'default', dev: 'eth0' }]);
  expect(read).toHaveLength(1);
  const found = problems.filter((problem) => problem.message === message);
  expect(found, problems.map((problem) => problem.message).join('\n')).toHaveLength(1);
  expect(found[0]).toMatchObject({ file: 'ip-route.json', line: 1 });
});

// As iproute2 6.1 prints them.
test('ip rule', () => {
  const { rules: read, problems } = rules([
    { priority: 0, src: 'all', table: 'local' },
    {
      priority: 100,
      not: null,
      src: '10.0.0.0',
      srclen: 8,
      fwmark: '0x1',
      fwmask: '0xff',
      iif: 'eth0',
      iif_detached: null,
      table: '100',
    },
    {
      priority: 101,
      src: 'all',
      dst: '10.1.0.0',
      dstlen: 16,
      tos: '0x10',
      oif: 'eth0',
      ipproto: 'tcp',
      sport_start: 80,
      sport_end: 90,
      dport: 443,
      table: 'main',
      suppress_prefixlen: 0,
    },
    { priority: 102, src: '10.9.9.9', action: 'unreachable' },
    { priority: 103, src: 'all', fwmark: '0x7', goto: 32766 },
    { priority: 104, src: 'all', nop: null },
    { priority: 106, src: 'all', l3mdev: null },
    { priority: 32766, src: 'all', table: 'main' },
    { priority: 32767, src: 'all', table: 'default' },
  ]);
  expect(problems.map((problem) => [problem.severity, problem.message])).toEqual([
    ['warning', 'ip rule with "goto": left out'],
    ['warning', 'ip rule with "l3mdev": left out'],
  ]);
  const v4 = read.filter((rule) => rule.family === 4);
  expect(v4.map((rule) => [rule.priority, rule.action, rule.table])).toEqual([
    [0, 'table', 255],
    [100, 'table', 100],
    [101, 'table', 254],
    [102, 'unreachable', 0],
    [104, 'nop', 0],
    [32766, 'table', 254],
    [32767, 'table', 253],
  ]);
  expect(v4[1]).toMatchObject({
    invert: true,
    src: { family: 4, address: 0x0a000000n, prefixLen: 8 },
    fwmark: 1,
    fwmask: 255,
    iif: 'eth0',
  });
  expect(v4[2]).toMatchObject({
    dst: { address: 0x0a010000n, prefixLen: 16 },
    tos: 16,
    oif: 'eth0',
    ipProto: 6,
    sport: { min: 80, max: 90 },
    dport: { min: 443, max: 443 },
    suppressPrefixLen: 0,
  });
  expect(v4[3]?.src).toEqual({ family: 4, address: 0x0a090909n, prefixLen: 32 });
  expect(read.filter((rule) => rule.family === 6).map((rule) => rule.table)).toEqual([255, 254]);
});

test('a table has the same number in rules and routes', () => {
  const tables = new RouteTables();
  expect([tables.number('vpn'), tables.number('lab'), tables.number('vpn')]).toEqual([
    2 ** 31,
    2 ** 31 + 1,
    2 ** 31,
  ]);
  expect([tables.number('main'), tables.number('100')]).toEqual([254, 100]);
});
