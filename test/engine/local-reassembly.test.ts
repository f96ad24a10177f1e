/**
 * Without connection tracking the kernel puts together only what is for the host itself, between
 * PREROUTING and INPUT. Frames and counters as Linux 6.18 had them.
 */
import { beforeAll, expect, it } from 'vitest';
import type { Compiled } from '../../src/index.ts';
import { ethernet, ipv4, pcapng, udp } from '../wire/packets.ts';
import { ETH0, ETH0_MAC, replayed, smallHost } from './small-host.ts';

const RULES = [
  '*mangle',
  ':PREROUTING ACCEPT [0:0]',
  '-A PREROUTING -p udp -j MARK --set-xmark 0x2/0xffffffff',
  '-A PREROUTING -p udp -m udp --dport 9 -j MARK --set-xmark 0x1/0xffffffff',
  'COMMIT',
  '*filter',
  ':INPUT DROP [0:0]',
  ':FORWARD ACCEPT [0:0]',
  ':OUTPUT ACCEPT [0:0]',
  '-A INPUT -p udp -m udp --dport 9 -m length --length 420 -m mark --mark 0x1 -j ACCEPT',
  'COMMIT',
  '',
].join('\n');

let host: Compiled;
beforeAll(async () => {
  host = await smallHost({
    'ip-addr.json': JSON.stringify([ETH0]),
    'iptables-save.txt': RULES,
    'sysctl.txt': 'net.ipv4.ip_forward = 1\n',
  });
});

const MF = 0x2000;
const datagram = udp(5, 9, new Array<number>(392).fill(0));

/** [id, first byte, byte behind the last, TOS]: a fragment of the datagram. */
type Piece = readonly [id: number, from: number, to: number, tos?: number];

async function fates(dst: string, pieces: readonly Piece[]): Promise<string[]> {
  const frames = pieces.map(([id, from, to, tos = 0]) => {
    const frag = (to < datagram.length ? MF : 0) | (from >> 3);
    const payload = datagram.slice(from, to);
    const packet = ipv4({ src: '192.168.1.9', dst, id, frag, tos, payload });
    return { data: ethernet(packet, { src: '02:aa:bb:cc:dd:01', dst: ETH0_MAC }) };
  });
  const records = await replayed(host, pcapng([{ name: 'eth0' }], frames));
  return records.map(({ path, verdict, reason }) => `${path} ${verdict} ${reason}`);
}

const WAITS = 'input null fragment';
const GONE = 'input drop fragment';
const WHOLE = 'input accept rule';

it.each<[string, readonly Piece[], string[]]>([
  ['whole', [[1, 0, 400]], [WHOLE]],
  [
    'in order',
    [
      [1, 0, 200],
      [1, 200, 400],
    ],
    [WAITS, WHOLE],
  ],
  [
    'in reverse',
    [
      [1, 200, 400],
      [1, 0, 200],
    ],
    [WAITS, WHOLE],
  ],
  [
    'one of them twice',
    [
      [1, 0, 200],
      [1, 0, 200],
      [1, 200, 400],
    ],
    [WAITS, GONE, WHOLE],
  ],
  [
    'overlapping',
    [
      [1, 0, 200],
      [1, 192, 400],
      [1, 200, 400],
    ],
    [WAITS, GONE, WAITS],
  ],
  [
    'of two datagrams',
    [
      [1, 0, 200],
      [2, 0, 200],
      [1, 200, 400],
      [2, 200, 400],
    ],
    [WAITS, WAITS, WHOLE, WHOLE],
  ],
  [
    'with ECN bits that no router makes',
    [
      [1, 0, 200, 1],
      [1, 200, 400, 0],
    ],
    [WAITS, GONE],
  ],
])('%s', async (_, pieces, expected) => {
  expect(await fates('192.168.1.10', pieces)).toEqual(expected);
});

it('what is forwarded passes in pieces', async () => {
  const passes = 'forward accept policy';
  expect(
    await fates('192.168.1.77', [
      [1, 0, 200],
      [1, 200, 400],
    ]),
  ).toEqual([passes, passes]);
});
