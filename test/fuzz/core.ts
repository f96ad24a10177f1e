/** The core: any host, any frames, the same answer from one worker and from three. */
import assert from 'node:assert/strict';
import type { Random } from '../oracle/random.ts';
import { ethernet, icmp, ipv4, ipv6, pcapng, tcp, udp } from '../wire/packets.ts';
import type { Files } from './bench.ts';
import { mutateHost, seedHost } from './host.ts';
import { mutateBytes } from './mutate.ts';
import type { Target } from './target.ts';

interface Case {
  readonly files: Files;
  /** The capture, base64. */
  readonly capture: string;
}

interface Described {
  readonly names: string[];
  readonly macs: string[];
  readonly v4: string[];
  readonly v6: string[];
}

/** Names and addresses that the host's files mention, whatever they are there. */
function described(files: Files): Described {
  const text = Object.values(files).join('\n');
  const all = (pattern: RegExp): string[] => [...new Set(text.match(pattern) ?? [])].slice(0, 60);
  return {
    names: [...all(/(?<="ifname":\s*")[^"]+/g), 'eth0', 'lo', 'nosuch'],
    macs: [...all(/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/g), 'ff:ff:ff:ff:ff:ff', '02:99:00:00:00:01'],
    v4: [
      ...all(/\b(?:\d{1,3}\.){3}\d{1,3}\b/g).filter((a) => a.split('.').every((n) => +n < 256)),
      ...['8.8.8.8', '224.0.0.1', '255.255.255.255', '127.0.0.1'],
    ],
    v6: ['2001:db8::1', 'fe80::1', 'ff02::1', 'fd00::1', '::1'],
  };
}

const PORTS = [0, 1, 22, 53, 80, 443, 8080, 40_000, 65_535];
const FLAGS = [0, 1, 2, 4, 16, 17, 18, 20, 24, 25, 0x29, 63, 0xc2];

/** A connection's packet in either direction, so that states go on. */
function transport(random: Random): { proto: number; payload: number[] } {
  const [a, b] = [random.pick(PORTS), random.pick(PORTS)];
  const data = new Array<number>(random.pick([0, 1, 8, 100])).fill(random.int(0, 255));
  switch (random.int(0, 4)) {
    case 0:
      return { proto: 6, payload: [...tcp(a, b, random.pick(FLAGS), data)] };
    case 1:
      return { proto: 17, payload: [...udp(a, b, data)] };
    case 2:
      return {
        proto: 1,
        payload: [...icmp(random.pick([0, 3, 5, 8, 11]), 0, [0, 0, 0, 1, ...data])],
      };
    case 3: {
      const quoted = ipv4({ proto: 17, payload: udp(b, a) });
      return { proto: 1, payload: [...icmp(3, random.int(0, 4), [0, 0, 0, 0, ...quoted])] };
    }
    default:
      return { proto: random.pick([47, 58, 132, 50, 2, 33, 136, 255]), payload: data };
  }
}

/** `number`: of the packet, by which two ICMP errors can be told from two sightings of one. */
function packet(random: Random, { v4, v6 }: Described, number: number): number[] {
  const { proto, payload } = transport(random);
  if (random.chance(0.25)) {
    const next = random.chance(0.8)
      ? proto === 1
        ? 58
        : proto
      : random.pick([0, 43, 44, 51, 59, 60]);
    return [...ipv6({ src: random.pick(v6), dst: random.pick(v6), next, payload })];
  }
  const frag = random.chance(0.9) ? 0 : random.pick([0x2000, 0x2001, 1, 0x4000]);
  const [src, dst] = [random.pick(v4), random.pick(v4)];
  const id = proto === 1 ? number : random.int(0, 5);
  const ttl = random.pick([0, 1, 2, 64, 64, 64, 255]);
  return [...ipv4({ src, dst, proto, ttl, frag, id, payload })];
}

const KNOWN_PROTOS = [6, 17, 1, 47, 132, 33];

/** Connections known at the start, as `conntrack -L` lists them; of some, NAT changed an end. */
function known(random: Random, { v4 }: Described): string {
  const line = (): string => {
    const proto = random.pick(KNOWN_PROTOS);
    const ends = [0, 1].map(() => ({ address: random.pick(v4), port: random.pick(PORTS) }));
    const tuple = (reply: 0 | 1): string => {
      const [src, dst] = (reply ? ends.toReversed() : ends).map((end) =>
        reply && random.chance(0.3) ? { ...end, address: random.pick(v4) } : end,
      );
      const addresses = `src=${src?.address} dst=${dst?.address}`;
      if (proto === 33) return addresses;
      if (proto === 47) return `${addresses} srckey=0 dstkey=${dst?.port}`;
      if (proto === 1) return `${addresses} type=${reply ? 0 : 8} code=0 id=${ends[0]?.port}`;
      return `${addresses} sport=${src?.port} dport=${dst?.port}`;
    };
    const time = `${random.pick([0, 1, 30, 400_000])}${proto === 6 ? ' ESTABLISHED' : ''}`;
    const said = random.pick(['', ' [UNREPLIED]', ' [ASSURED]']);
    return `ipv4 2 proto ${proto} ${time} ${tuple(0)} ${tuple(1)}${said} mark=0 use=1\n`;
  };
  return Array.from({ length: random.int(1, 30) }, line).join('');
}

function frames(random: Random, host: Described): Uint8Array {
  const interfaces = random.some(host.names, random.int(1, 4)).map((name) => ({ name }));
  let time = 0n;
  const packets = Array.from({ length: random.int(1, 120) }, (_, number) => {
    time += BigInt(random.pick([0, 1, 1000, 1_000_000, 40_000_000, 200_000_000]));
    const tags = random.chance(0.05) ? { tags: [[0x8100, random.int(0, 200)]] as const } : {};
    const bytes = packet(random, host, number);
    const whole = random.chance(0.95) ? bytes : [...mutateBytes(random, Uint8Array.from(bytes), 3)];
    const [src, dst] = [random.pick(host.macs), random.pick(host.macs)];
    const data = ethernet(whole, { src, dst, ...tags });
    const said = random.chance(0.5) ? { flags: random.int(0, 2) } : {};
    return { data, iface: random.int(0, interfaces.length - 1), time, ...said };
  });
  const repeated = packets.flatMap((one) => (random.chance(0.2) ? [one, one] : [one]));
  return pcapng(interfaces, repeated);
}

export const core: Target = {
  name: 'core',

  make(random) {
    const seed = seedHost(random);
    const host = random.chance(0.5) ? mutateHost(random, seed, 2) : seed;
    const about = described(host);
    const capture = Buffer.from(frames(random, about)).toString('base64');
    const files = random.chance(0.3) ? { ...host, 'conntrack.txt': known(random, about) } : host;
    return Buffer.from(JSON.stringify({ files, capture } satisfies Case));
  },

  async check(input, bench) {
    const { files, capture } = JSON.parse(Buffer.from(input).toString('utf8')) as Case;
    const host = await bench.host(files);
    if (host === undefined) return;
    const path = bench.file('core.pcapng', Buffer.from(capture, 'base64'));
    const one = await bench.replay(host, path, 1);
    const three = await bench.replay(host, path, 3);
    assert.deepEqual(three.packets, one.packets);
    assert.deepEqual(three.result?.rules, one.result?.rules);
    assert.equal(three.refused, one.refused);
  },
};
