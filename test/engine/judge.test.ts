import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Compiled, compile, judge, type PacketSpec, readHost } from '../../src/index.ts';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
let shop: Compiled;

beforeAll(async () => {
  shop = compile(await readHost(join(examples, 'shop.host')));
});

const outside = { in: 'eth0', src: '8.8.8.8', dst: '192.168.1.10' } as const;

describe('one packet', () => {
  test.each<[string, PacketSpec, object]>([
    [
      'to a published port',
      { ...outside, dport: 8080 },
      {
        verdict: 'accept',
        path: 'forward',
        class: 'published',
        out: 'br-shop',
        nat: { src: '8.8.8.8', sport: 40000, dst: '172.18.0.2', dport: 80, chosen: false },
      },
    ],
    [
      'to a container, not published',
      { in: 'eth0', src: '8.8.8.8', dst: '172.18.0.3', dport: 5432 },
      { verdict: 'drop', path: 'forward', class: 'unpublished', reason: 'policy' },
    ],
    [
      'between networks',
      { in: 'br-shop', src: '172.18.0.2', dst: '172.19.0.2', dport: 9000 },
      { verdict: 'drop', class: 'inter-network', reason: 'rule' },
    ],
    [
      'out of a container',
      { in: 'br-shop', src: '172.18.0.2', dst: '8.8.8.8', proto: 'udp' },
      { verdict: 'accept', class: 'egress', nat: { src: '192.168.1.10' } },
    ],
    [
      'to the host',
      { ...outside, proto: 'icmp' },
      { verdict: 'accept', path: 'input', class: 'to-host', nat: null },
    ],
    [
      'from the host',
      { src: '192.168.1.10', dst: '8.8.8.8' },
      { verdict: 'accept', path: 'output', class: 'host', in: null, out: 'eth0' },
    ],
    ['with its last hop behind it', { ...outside, dport: 8080, ttl: 1 }, { reason: 'ttl' }],
    ['out of nowhere', { ...outside, dport: 8080, flags: 'SA' }, { ctstate: 'INVALID' }],
  ])('%s', async (_name, packet, expected) => {
    expect(await judge(shop, packet)).toMatchObject(expected);
  });

  test('between two ports of a bridge', async () => {
    const bridge = shop.host.interfaces.find(({ name }) => name === 'br-shop');
    const port = shop.host.interfaces.find(({ master }) => master === bridge?.id);
    const physin = port?.name ?? '';
    expect(physin).toMatch(/^veth/);
    const packet = { in: physin, src: '172.18.0.2', dst: '172.18.0.3', dport: 5432 };
    expect(await judge(shop, packet)).toMatchObject({
      ...{ verdict: 'accept', path: 'bridge', class: 'same-network' },
      ...{ in: 'br-shop', physin, out: 'br-shop' },
    });
  });

  test('tells the rules that it met, in order', async () => {
    const { rules, rule } = await judge(shop, { ...outside, dport: 8080 });
    expect(rules.map(({ table, chain, number }) => `${table} ${chain} ${number}`)).toEqual([
      'nat PREROUTING 1',
      'nat DOCKER 6',
      'filter FORWARD 1',
      'filter DOCKER-USER 1',
      'filter FORWARD 2',
      'filter DOCKER-ISOLATION-STAGE-1 6',
      'filter FORWARD 9',
      'filter DOCKER 3',
      'nat POSTROUTING null',
    ]);
    expect(rule).toEqual(rules[7]);
  });

  test('IPv6', async () => {
    const packet = { in: 'eth0', src: '2001:db8::1', dst: '2001:db8::2', proto: 'udp' } as const;
    expect(await judge(shop, packet)).toMatchObject({ in: 'eth0', rules: [] });
  });
});

test.each<[PacketSpec, RegExp]>([
  [{ ...outside, in: 'eth9' }, /no interface eth9/],
  [{ ...outside, src: 'nobody' }, /src: nobody is not an IP address/],
  [{ ...outside, dst: '::1' }, /one is IPv4 and one IPv6/],
  [{ ...outside, dport: 65536 }, /dport: expected a whole number up to 65535, not 65536/],
  [{ ...outside, flags: 'SX' }, /flags: X is none of/],
  [{ ...outside, srcMac: '02:42' }, /02:42 is not a link address/],
  // as a caller without types may have them
  [{ dst: outside.dst } as PacketSpec, /src: undefined is not an IP address/],
  [
    { ...outside, proto: 'gre' as 'tcp' },
    /proto: expected tcp, udp, icmp, icmpv6 or a number, not/,
  ],
])('%j is refused', async (packet, message) => {
  await expect(judge(shop, packet)).rejects.toThrow(message);
});
