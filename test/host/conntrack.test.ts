import { expect, test } from 'vitest';
import { readConntrack } from '../../src/host/conntrack.ts';
import { Notes, SourceText } from '../../src/host/notes.ts';

function read(text: string) {
  const notes = new Notes();
  const connections = readConntrack(new SourceText('conntrack.txt', text, notes));
  return { connections, problems: notes.problems };
}

const LIST =
  'tcp      6 431999 ESTABLISHED src=192.168.1.1 dst=192.168.1.10 sport=37706 dport=8080 ' +
  'src=172.18.0.2 dst=192.168.1.1 sport=80 dport=37706 [ASSURED] mark=5 use=1';

test('a line of conntrack -L', () => {
  const { connections, problems } = read(LIST);
  expect(problems).toEqual([]);
  expect(connections).toEqual([
    {
      line: 1,
      family: 4,
      proto: 6,
      timeoutSec: 431999,
      state: 'ESTABLISHED',
      original: {
        src: 0xc0a80101n,
        dst: 0xc0a8010an,
        sport: 37706,
        dport: 8080,
        packets: 0n,
        bytes: 0n,
      },
      reply: {
        src: 0xac120002n,
        dst: 0xc0a80101n,
        sport: 80,
        dport: 37706,
        packets: 0n,
        bytes: 0n,
      },
      seenReply: true,
      assured: true,
      mark: 5,
      zone: 0,
      zoneDirection: 'both',
      helper: null,
    },
  ]);
});

test('the same line of /proc/net/nf_conntrack', () => {
  const { connections } = read(`ipv4     2 ${LIST} zone=0`);
  expect(connections).toEqual(read(LIST).connections);
});

test('accounting, zones, helpers and further fields', () => {
  const { connections, problems } = read(
    'ipv4 2 tcp 6 100 SYN_SENT src=10.0.0.1 dst=10.0.0.2 sport=1 dport=21 packets=3 bytes=180 ' +
      '[UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=21 dport=1 packets=0 bytes=0 mark=0 ' +
      'secctx=system_u:object_r:x zone-orig=7 delta-time=4 helper=ftp use=2 id=4294967295',
  );
  expect(problems).toEqual([]);
  expect(connections[0]).toMatchObject({
    seenReply: false,
    assured: false,
    zone: 7,
    zoneDirection: 'original',
    helper: 'ftp',
    original: { packets: 3n, bytes: 180n },
  });
});

test('ICMP: the id and the type; -o id adds another id', () => {
  const { connections } = read(
    'icmp 1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=77 ' +
      'src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=77 mark=0 use=1 id=123456789',
  );
  expect(connections[0]).toMatchObject({
    original: { sport: 77, dport: 0x800 },
    reply: { sport: 77, dport: 0 },
  });
});

test('GRE keys, protocols without ports, IPv6, offloaded connections', () => {
  const { connections, problems } = read(
    [
      'gre 47 17 src=10.0.0.1 dst=10.0.0.2 srckey=0x0 dstkey=0x1f [UNREPLIED] ' +
        'src=10.0.0.2 dst=10.0.0.1 srckey=0x1f dstkey=0x0 mark=0 use=1',
      'unknown 253 590 src=10.0.0.1 dst=10.0.0.2 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 use=1',
      'udp 17 20 src=fd00::1 dst=fd00::2 sport=1 dport=53 src=fd00::2 dst=fd00::1 sport=53 dport=1',
      'ipv4 2 tcp 6 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 ' +
        'src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 [OFFLOAD] mark=0 zone=0 use=3',
      'conntrack v1.4.7 (conntrack-tools): 4 flow entries have been shown.',
      '',
    ].join('\n'),
  );
  expect(problems).toEqual([]);
  expect(connections).toHaveLength(4);
  expect(connections[0]?.original).toMatchObject({ sport: 0, dport: 31 });
  expect(connections[1]).toMatchObject({ proto: 253, timeoutSec: 590, state: null });
  expect(connections[2]).toMatchObject({ family: 6, original: { src: (0xfdn << 120n) | 1n } });
  expect(connections[3]).toMatchObject({ timeoutSec: null, assured: true });
});

test.each([
  ['tcp', 4, 'expected a protocol number'],
  ['tcp 6 1 NONE src=10.0.0.1', 26, 'expected dst= of both directions'],
  ['tcp 6 1 NONE src=10.0.0 dst=1.1.1.1', 14, 'expected an IPv4 address: src=10.0.0'],
  ['tcp 999 1', 5, 'expected a whole number up to 255: 999'],
  [
    LIST.replace('sport=80', 'sport=99999'),
    118,
    'expected a whole number up to 65535: sport=99999',
  ],
])('%s: column %i, %s', (text, column, message) => {
  const { connections, problems } = read(`${LIST}\n${text}`);
  expect(connections).toHaveLength(1);
  expect(problems.map(({ line, column: at, message: what }) => [line, at, what])).toEqual([
    [2, column, message],
  ]);
});

test('a file of another kind is reported, but not line by line', () => {
  const lines = 'lorem ipsum\n'.repeat(10_000);
  const nothing = read(lines);
  expect(nothing.connections).toEqual([]);
  expect(nothing.problems.map(({ line, message }) => [line, message])).toEqual([
    [1, expect.stringMatching(/; nothing in the file can be used: expected what conntrack -L wr/)],
  ]);
  const { connections, problems } = read(lines + LIST);
  expect(connections).toHaveLength(1);
  expect(problems).toHaveLength(21);
  expect(problems.at(-1)?.message).toBe('further problems are not listed');
});
