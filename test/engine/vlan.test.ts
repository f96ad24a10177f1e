/** A host with a VLAN device: tagged frames are evaluated on it, once. */
import { beforeAll, expect, it } from 'vitest';
import type { Compiled } from '../../src/index.ts';
import { ethernet, ipv4, pcapng, udp } from '../wire/packets.ts';
import { ETH0, ETH0_MAC, replayed, smallHost } from './small-host.ts';

const PEER = '02:aa:bb:cc:dd:01';
const VLAN = {
  ...ETH0,
  ifindex: 3,
  ifname: 'eth0.100',
  link: 'eth0',
  linkinfo: { info_kind: 'vlan', info_data: { protocol: '802.1Q', id: 100, flags: [] } },
  addr_info: [{ family: 'inet', local: '10.1.0.1', prefixlen: 24, scope: 'global' }],
};
const RULES = [
  '*filter',
  ':INPUT ACCEPT [0:0]',
  ':FORWARD ACCEPT [0:0]',
  ':OUTPUT ACCEPT [0:0]',
  '-A INPUT -i eth0.100 -p udp -m udp --dport 53 -j ACCEPT',
  '-A INPUT -i eth0.100 -j DROP',
  '-A OUTPUT -o eth0.100 -j ACCEPT',
  'COMMIT',
  '',
].join('\n');

let host: Compiled;
beforeAll(async () => {
  host = await smallHost({
    'ip-addr.json': JSON.stringify([ETH0, VLAN]),
    'iptables-save.txt': RULES,
  });
});

const tagged = { tags: [[0x8100, 100]] as const };
const query = ipv4({ id: 7, src: '10.1.0.9', dst: '10.1.0.1', payload: udp(1000, 53) });
const reply = ipv4({ id: 8, src: '10.1.0.1', dst: '10.1.0.9', payload: udp(53, 1000) });
const inward = { src: PEER, dst: ETH0_MAC };
const outward = { src: ETH0_MAC, dst: PEER };

it('a frame with its tag came in by it', async () => {
  const frames = [
    { data: ethernet(query, { ...inward, ...tagged }) },
    { data: ethernet(query, { ...inward, tags: [[0x8100, 101]] }) },
    { data: ethernet(reply, { ...outward, ...tagged }) },
    { data: ethernet(reply, { ...outward, tags: [[0x8100, 101]] }) },
  ];
  const records = await replayed(host, pcapng([{ name: 'eth0' }], frames));
  expect(records).toMatchObject([
    { role: 'inject', in: 'eth0.100', path: 'input', verdict: 'accept', reason: 'rule' },
    { role: 'ignore', verdict: null, reason: 'otherhost' },
    { role: 'inject', out: 'eth0.100', path: 'output', verdict: 'accept', reason: 'rule' },
    { role: 'ignore', verdict: null, reason: 'not-host' },
  ]);
});

it('where both interfaces were captured, the second sighting is none of its own', async () => {
  const interfaces = [{ name: 'eth0' }, { name: 'eth0.100' }];
  const frames = [0, 1, 2].flatMap((n) => {
    const again = ipv4({ id: 20 + n, src: '10.1.0.9', dst: '10.1.0.1', payload: udp(1000, 53) });
    const back = ipv4({ id: 30 + n, src: '10.1.0.1', dst: '10.1.0.9', payload: udp(53, 1000) });
    return [
      { data: ethernet(again, { ...inward, ...tagged }), flags: 1, iface: 0 },
      { data: ethernet(again, inward), flags: 1, iface: 1 },
      { data: ethernet(back, outward), flags: 2, iface: 1 },
      { data: ethernet(back, { ...outward, ...tagged }), flags: 2, iface: 0 },
    ];
  });
  const records = await replayed(host, pcapng(interfaces, frames));
  const roles = ['inject', 'observe', 'inject', 'observe'];
  expect(records.map(({ role }) => role)).toEqual([...roles, ...roles, ...roles]);
  expect(records.filter(({ role }) => role === 'inject')).toMatchObject(
    [0, 1, 2].flatMap(() => [{ in: 'eth0.100' }, { out: 'eth0.100' }]),
  );
});

it('captured on the device itself it has no tag', async () => {
  const records = await replayed(
    host,
    pcapng([{ name: 'eth0.100' }], [{ data: ethernet(query, inward) }]),
  );
  expect(records).toMatchObject([{ role: 'inject', in: 'eth0.100', verdict: 'accept' }]);
});
