/** Which worker a frame belongs to: the same for all of a connection, whatever NAT does to it. */
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { FAMILY_V4, FAMILY_V6 } from '../../assembly/abi.ts';
import { Random } from '../oracle/random.ts';
import { compileFront, type DecodeOptions, decode, Front } from './harness.ts';
import { addressBytes, DOCKER_HOST } from './image.ts';
import { type Bytes, be16, icmp, ipv4, ipv6, pcap, tcp, udp } from './packets.ts';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileFront();
});

const WORKERS = 7;
const HOST_ADDRESS = '192.168.1.10';
const CONTAINER = '172.17.0.2';

/** Owners of raw IP packets. */
function owners(packets: Bytes[], options: DecodeOptions = {}): number[] {
  const file = pcap(packets, { linkType: 101 });
  const host = { ...DOCKER_HOST, flags: 0 };
  return decode(module, host, file, { workers: WORKERS, ...options }).frames.map((f) => f.owner);
}

/** The core alone, and what writes an address where it reads one. */
function frontOf(natRanges: DecodeOptions['natRanges'] & {}) {
  const front = new Front(module, DOCKER_HOST, { workers: WORKERS, natRanges });
  return { core: front.core, put: (address: string) => front.put(addressBytes(address)) };
}

interface Tuple {
  readonly src: string;
  readonly dst: string;
  readonly sport: number;
  readonly dport: number;
}

const packet = ({ src, dst, sport, dport }: Tuple, proto = 6): Bytes =>
  ipv4({ src, dst, proto, payload: proto === 6 ? tcp(sport, dport, 16) : udp(sport, dport) });

/** A published port's connection: as it arrives, translated, and both replies. */
const sightings = (client: string, sport: number): Tuple[] => [
  { src: client, dst: HOST_ADDRESS, sport, dport: 8080 },
  { src: client, dst: CONTAINER, sport, dport: 80 },
  { src: CONTAINER, dst: client, sport: 80, dport: sport },
  { src: HOST_ADDRESS, dst: client, sport: 8080, dport: sport },
];

/** An address outside of the host's. */
const external = fc
  .tuple(fc.integer({ min: 1, max: 99 }), fc.nat(255), fc.nat(255), fc.nat(255))
  .map((parts) => parts.join('.'));
const port = fc.integer({ min: 1, max: 65_535 });

describe('a connection', () => {
  it('has one owner before and after translation, in both directions', () => {
    fc.assert(
      fc.property(external, port, (client, sport) => {
        expect(new Set(owners(sightings(client, sport).map((t) => packet(t)))).size).toBe(1);
      }),
      { numRuns: 50 },
    );
  });

  it('has the same owner when a container began it', () => {
    const out = { src: CONTAINER, dst: '9.9.9.9', sport: 5000, dport: 443 };
    const masqueraded = { ...out, src: HOST_ADDRESS, sport: 6000 };
    const all = [out, masqueraded].flatMap((t) => [
      packet(t),
      packet({ src: t.dst, dst: t.src, sport: t.dport, dport: t.sport }),
    ]);
    expect(new Set(owners(all)).size).toBe(1);
  });

  it('is found by its tuple', () => {
    const front = new Front(module, DOCKER_HOST, { workers: WORKERS });
    const handle = (text: string) => front.core.handleOf(FAMILY_V4, front.put(addressBytes(text)));
    for (let i = 0; i < 50; i++) {
      const [arrival, ...others] = sightings(`9.8.${i}.7`, 1000 + i) as [Tuple, ...Tuple[]];
      const [owner] = owners([packet(arrival)]);
      for (const { src, dst, sport, dport } of [arrival, ...others]) {
        const tuple = [handle(src), handle(dst), sport, dport] as const;
        expect(front.core.ownerOfTuple(FAMILY_V4, 6, ...tuple)).toBe(owner);
      }
    }
  });

  it('includes the errors about it, from anywhere', () => {
    for (const tuple of sightings('9.9.9.9', 777)) {
      const [owner] = owners([packet(tuple)]);
      const quote = packet(tuple).slice(0, 28);
      for (const type of [3, 4, 5, 11, 12]) {
        const payload = icmp(type, 0, [0, 0, 0, 0, ...quote]);
        const error = ipv4({ src: '62.1.2.3', dst: tuple.src, proto: 1, payload });
        expect(owners([error])).toEqual([owner]);
      }
    }
  });

  it('of echoes has an owner by address alone', () => {
    const echo = (src: string, dst: string, type: number, id: number) =>
      ipv4({ src, dst, proto: 1, payload: icmp(type, 0, [...be16(id), 0, 1]) });
    const all = [
      echo(CONTAINER, '9.9.9.9', 8, 5),
      echo(HOST_ADDRESS, '9.9.9.9', 8, 6),
      echo('9.9.9.9', HOST_ADDRESS, 0, 6),
      echo('9.9.9.9', CONTAINER, 0, 5),
    ];
    expect(new Set(owners(all)).size).toBe(1);
  });

  it.each([
    ['DCCP', 33],
    ['ESP', 50],
  ])('of %s has an owner by address alone, whatever its first bytes are', (_, proto) => {
    const packetOf = (src: string, dst: string, sport: number, dport: number) =>
      ipv4({ src, dst, proto, payload: [...be16(sport), ...be16(dport), ...be16(0), 0, 0] });
    const all = [
      packetOf(CONTAINER, '9.9.9.9', 5, 80),
      packetOf('9.9.9.9', CONTAINER, 80, 5),
      ...Array.from({ length: 20 }, (_, i) => packetOf(CONTAINER, '9.9.9.9', i, 1000 + i)),
    ];
    const quoting = all.map((quote) => icmp(3, 1, [0, 0, 0, 0, ...quote]));
    const errors = quoting.map((payload) => ipv4({ src: '62.1.2.3', proto: 1, payload }));
    expect(new Set(owners([...all, ...errors])).size).toBe(1);
  });

  it('of GRE is found by its tuple, whose call id no frame of the other direction has', () => {
    const gre = (src: string, dst: string, id: number) =>
      ipv4({ src, dst, proto: 47, payload: [0x30, 1, 0x88, 0x0b, 0, 0, ...be16(id)] });
    const front = new Front(module, DOCKER_HOST, { workers: WORKERS });
    const handle = (text: string) => front.core.handleOf(FAMILY_V4, front.put(addressBytes(text)));
    const [owner] = owners([gre('9.9.9.9', HOST_ADDRESS, 7)]);
    const ends = [handle(HOST_ADDRESS), handle('9.9.9.9')] as const;
    for (let id = 0; id < 20; id++) {
      expect(front.core.ownerOfTuple(FAMILY_V4, 47, ...ends, 0, id)).toBe(owner);
    }
  });

  it('in IPv6 too', () => {
    const packet6 = (src: string, dst: string, sport: number, dport: number) =>
      ipv6({ src, dst, next: 6, payload: tcp(sport, dport, 16) });
    const host = '2001:db8::10';
    for (let i = 0; i < 20; i++) {
      const client = `2a00:1::${i.toString(16)}`;
      const [there, back] = owners([packet6(client, host, 5, 80), packet6(host, client, 80, 5)]);
      expect(there).toBe(back);
      const front = new Front(module, DOCKER_HOST, { workers: WORKERS });
      const handle = (text: string) =>
        front.core.handleOf(FAMILY_V6, front.put(addressBytes(text)));
      const tuple = [handle(client), handle(host), 5, 80] as const;
      expect(front.core.ownerOfTuple(FAMILY_V6, 6, ...tuple)).toBe(there);
    }
  });
});

describe('ranges that rules name', () => {
  const between = (target: string, natRanges: DecodeOptions['natRanges']) =>
    owners(
      Array.from({ length: 40 }, (_, i) => i).flatMap((i) => [
        packet({ src: '9.9.9.9', dst: '8.8.8.8', sport: 1000 + i, dport: 80 }),
        packet({ src: '9.9.9.9', dst: target, sport: 1000 + i, dport: 81 }),
      ]),
      natRanges ? { natRanges } : {},
    );
  const pairs = (list: number[]) => list.every((owner, i) => owner === list[i - (i % 2)]);

  it('count for nothing', () => {
    const ranges = [
      [FAMILY_V4, '8.8.8.8', '8.8.8.8'],
      [FAMILY_V4, '10.9.0.0', '10.9.3.255'],
      [FAMILY_V4, '10.9.2.0', '10.11.0.0'],
    ] as const;
    for (const target of ['10.9.0.0', '10.9.3.255', '10.9.4.0', '10.10.77.1', '10.11.0.0']) {
      expect(pairs(between(target, ranges))).toBe(true);
    }
    expect(pairs(between('10.11.0.1', ranges))).toBe(false);
    expect(pairs(between('10.8.255.255', ranges))).toBe(false);
    expect(pairs(between('10.9.0.1', undefined))).toBe(false);
  });
});

describe.each([
  [FAMILY_V4, (n: number) => `100.64.${n >> 8}.${n & 255}`],
  [FAMILY_V6, (n: number) => `fd99:1::${n.toString(16)}`],
] as const)('thousands of ranges in any order, family %i', (family, addressOf) => {
  const SPACE = 65_536;
  const random = new Random(family);
  const ranges = Array.from({ length: 3000 }, () => {
    const first = random.int(0, SPACE - 1);
    const length = random.pick([0, 0, 0, 1, 1, random.int(2, 40), -3]);
    return [first, Math.min(SPACE - 1, Math.max(0, first + length))] as const;
  });

  it('count for nothing, and what is between them for something', () => {
    const natRanges = ranges.map(([a, b]) => [family, addressOf(a), addressOf(b)] as const);
    const { core, put } = frontOf(natRanges);
    const client = core.handleOf(family, put(family === FAMILY_V4 ? '9.9.9.9' : '2a00:1::9'));
    const counts = (address: string): boolean => {
      const handle = core.handleOf(family, put(address));
      const by = (port: number) => core.ownerOfTuple(family, 6, client, handle, 7, port);
      return new Set(Array.from({ length: 12 }, (_, port) => by(port))).size > 1;
    };
    const inRange = new Uint8Array(SPACE);
    for (const [first, last] of ranges) if (first <= last) inRange.fill(1, first, last + 1);
    const wrong = inRange.findIndex((isIn, n) => counts(addressOf(n)) === (isIn === 1));
    expect(wrong === -1 ? null : addressOf(wrong)).toBe(null);
    expect(inRange.filter((isIn) => isIn === 1).length).toBeGreaterThan(SPACE / 8);
  });
});

it.each([
  [FAMILY_V4, '250.0.0.0', '255.255.255.255', '249.255.255.255'],
  [FAMILY_V4, '0.0.0.0', '1.2.3.4', '1.2.3.5'],
  [FAMILY_V6, 'ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'feff::'],
  [FAMILY_V6, '::', '0:0:0:1:ffff:ffff:ffff:ffff', '0:0:0:2::'],
] as const)('family %i: a range from %s to %s ends there', (family, first, last, beyond) => {
  const { core, put } = frontOf([[family, first, last]]);
  const owners = (address: string) => {
    const handle = core.handleOf(family, put(address));
    const by = (port: number) => core.ownerOfTuple(family, 6, handle, handle, 7, port);
    return new Set(Array.from({ length: 12 }, (_, port) => by(port))).size;
  };
  expect([owners(first), owners(last), owners(beyond) > 1]).toEqual([1, 1, true]);
});

it('spreads connections evenly', () => {
  const all = owners(
    Array.from({ length: 7000 }, (_, i) =>
      packet({ src: '9.9.9.9', dst: HOST_ADDRESS, sport: 1024 + i, dport: 80 }),
    ),
  );
  const counts = Array.from({ length: WORKERS }, (_, w) => all.filter((o) => o === w).length);
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
});

it('is 0 where there is one worker', () => {
  const all = Array.from({ length: 20 }, (_, i) =>
    packet({ ...(sightings('9.9.9.9', i)[0] as Tuple) }),
  );
  expect(new Set(owners(all, { workers: 1 }))).toEqual(new Set([0]));
});
