/**
 * Openings give what a walk gives. A rule that asks about the connection, and never holds, keeps
 * every walk from being remembered as one: with it and without it, all else counts the same.
 */
import { expect, test } from 'vitest';
import { EMPTY, ipBytes, type Packet, packet } from '../kernel/generate/frame.ts';
import { ACK, PSH, SYN, TCP, UDP } from '../kernel/lab/seen.ts';
import { type Replayed, replayCapture } from '../kernel/replay-capture.ts';
import { Random } from '../oracle/random.ts';
import { type Captured, pcapng } from '../wire/packets.ts';
import { ETH0 } from './small-host.ts';

const HOST = '192.168.1.10';
const WEB = '172.17.0.2';
const OTHER = '172.17.0.3';
const DOCKER0 = {
  ...ETH0,
  ifindex: 3,
  ifname: 'docker0',
  address: '02:42:ac:11:00:01',
  addr_info: [{ family: 'inet', local: '172.17.0.1', prefixlen: 16, scope: 'global' }],
  linkinfo: { info_kind: 'bridge' },
};
const ROUTES = [
  { dst: 'default', gateway: '192.168.1.1', dev: 'eth0', flags: [] },
  { dst: '172.17.0.0/16', dev: 'docker0', protocol: 'kernel', scope: 'link', flags: [] },
  { dst: '192.168.1.0/24', dev: 'eth0', protocol: 'kernel', scope: 'link', flags: [] },
];
// 9000 is shared by two containers; what comes to it looks alike, and where it goes does not
const EVERY_OTHER = '-m statistic --mode nth --every 2 --packet 0';
const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination ${WEB}:80
-A PREROUTING -p udp -m udp --dport 5353 -j DNAT --to-destination ${WEB}:53
-A PREROUTING -p tcp -m tcp --dport 9000 ${EVERY_OTHER} -j DNAT --to-destination ${WEB}:90
-A PREROUTING -p tcp -m tcp --dport 9000 -j DNAT --to-destination ${OTHER}:90
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -d ${WEB}/32 -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A FORWARD -d ${OTHER}/32 -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A FORWARD -d 172.17.0.0/16 -p tcp -m multiport --dports 80,90 -j ACCEPT
-A FORWARD -p udp -m udp --dport 53 -j ACCEPT
-A FORWARD -i docker0 -j ACCEPT
COMMIT
`;
const PROBE = '-A PREROUTING -m conntrack --ctorigsrc 203.0.113.77 -j ACCEPT';
const mangle = (rule: string) => `*mangle\n:PREROUTING ACCEPT [0:0]\n${rule}\nCOMMIT\n`;

interface Frame {
  readonly iface: 0 | 1; // eth0, docker0
  readonly packet: Packet;
}

const outside = (fields: Partial<Packet>): Frame => ({ iface: 0, packet: packet(fields) });
const inside = (fields: Partial<Packet>): Frame => ({ iface: 1, packet: packet(fields) });

/** What a client and who may be its server say, in order; not all of it need be true. */
function conversation(random: Random): Frame[] {
  const src = `20.0.${random.int(0, 3)}.${random.int(1, 250)}`;
  const sport = random.int(5000, 5040); // few, so that tuples clash
  const client = { family: 4, proto: TCP, src, sport, tcpOptions: EMPTY } as const;
  const to = (dst: string, dport: number): Frame[] => {
    const there = { ...client, dst, dport };
    const servers = dst !== HOST ? [dst] : dport === 9000 ? [WEB, OTHER] : [WEB];
    const port = dport === 8080 ? 80 : dport === 9000 ? 90 : dport;
    const back = { ...client, dst: src, dport: sport, sport: port };
    const seqs = { seq: 2001, ack: 7001 };
    return [
      outside({ ...there, flags: SYN, seq: 2000 }),
      ...(random.chance(0.2) ? [outside({ ...there, flags: SYN, seq: 2000 })] : []),
      ...servers.map((from) =>
        inside({ ...back, src: from, flags: SYN | ACK, seq: 7000, ack: 2001 }),
      ),
      outside({ ...there, ...seqs, flags: ACK }),
      outside({ ...there, ...seqs, flags: ACK | PSH, payload: Uint8Array.of(1, 2, 3) }),
      ...servers.map((from) => inside({ ...back, src: from, flags: ACK, seq: 7001, ack: 2004 })),
    ];
  };
  switch (random.int(0, 6)) {
    case 0:
      return to(HOST, 9000);
    case 1:
      return to(WEB, 80); // its answers look like those of 8080
    case 2: {
      const udp = { ...client, proto: UDP, dst: HOST, dport: 5353, payload: Uint8Array.of(1) };
      const answer = { ...udp, src: WEB, sport: 53, dst: src, dport: sport };
      return [outside(udp), outside(udp), inside(answer), outside(udp), inside(answer)];
    }
    case 3: {
      const out = { ...client, src: WEB, dst: '8.8.8.8', dport: 443 };
      const back = { ...client, src: '8.8.8.8', sport: 443, dst: HOST, dport: sport };
      return [
        inside({ ...out, flags: SYN, seq: 2000 }),
        outside({ ...back, flags: SYN | ACK, seq: 7000, ack: 2001 }),
        inside({ ...out, flags: ACK, seq: 2001, ack: 7001 }),
      ];
    }
    case 4: // a stranger, in the middle of something
      return [outside({ ...client, dst: HOST, dport: 22 + random.int(0, 2), flags: ACK })];
    default:
      return to(HOST, random.chance(0.8) ? 8080 : 81);
  }
}

/** Several conversations at a time. */
function traffic(random: Random, conversations: number): Captured[] {
  const open: Frame[][] = [];
  const captured: Captured[] = [];
  let begun = 0;
  while (begun < conversations || open.length > 0) {
    if (begun < conversations && open.length < 20) {
      open.push(conversation(random));
      begun++;
      continue;
    }
    const at = random.int(0, open.length - 1);
    const frame = open[at]?.shift();
    if (frame === undefined) {
      open.splice(at, 1);
      continue;
    }
    const i = captured.length;
    captured.push({
      data: [...ipBytes({ ...frame.packet, id: i & 0xffff })],
      time: BigInt(1_700_000_000_000_000 + i * 1000),
      iface: frame.iface,
      flags: 1,
    });
  }
  return captured;
}

async function judged(rules: string, capture: Uint8Array): Promise<Replayed> {
  const files = {
    'ip-addr.json': JSON.stringify([ETH0, DOCKER0]),
    'ip-route.json': JSON.stringify(ROUTES),
    'sysctl.txt': 'net.ipv4.ip_forward = 1\n',
    'iptables-save.txt': rules,
  };
  return replayCapture({ files }, capture, 1);
}

test.each([1, 2, 3, 4])('connections like others go their way, seed %i', async (seed) => {
  const interfaces = ['eth0', 'docker0'].map((name) => ({ name, linkType: 101 }));
  const capture = pcapng(interfaces, traffic(new Random(seed), 1000));
  const walked = await judged(RULES + mangle(PROBE), capture);
  const opened = await judged(RULES + mangle(''), capture);
  expect(opened.frames).toEqual(walked.frames);
  expect(opened.counters).toEqual(walked.counters.filter(({ text }) => text !== PROBE));
  const counted = opened.counters.filter(({ packets }) => packets > 0);
  expect(counted.length).toBeGreaterThan(14); // all but a few
});
