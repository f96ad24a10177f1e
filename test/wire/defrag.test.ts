/** Reassembly: what the kernel puts together before the rules see it, and what it gives up. */
import { beforeAll, describe, expect, it } from 'vitest';
import * as abi from '../../assembly/abi.ts';
import * as capture from '../../assembly/abi-capture.ts';
import { compileFront, type Decoded, type DecodeOptions, decode, type Frame } from './harness.ts';
import {
  BRIDGE,
  CONTAINER_MAC,
  CONTAINER2_MAC,
  DOCKER_HOST,
  GATEWAY_MAC,
  type HostSpec,
  UPLINK,
} from './image.ts';
import {
  type Bytes,
  be16,
  be32,
  type Captured,
  checksum,
  type Ethernet,
  ethernet,
  type Ipv4,
  ipv4,
  ipv6,
  pcapng,
  udp,
} from './packets.ts';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileFront();
});

const SECOND = 1_000_000n;
const INTERFACES = [{ name: 'eth0' }, { name: 'docker0' }, { name: 'veth1' }, { name: 'veth2' }];
const [ETH0, DOCKER0, VETH1, VETH2] = [0, 1, 2, 3];
const INBOUND = 1;
const OUTBOUND = 2;

interface Piece extends Ipv4 {
  /** First and one past the last byte of the payload; the last piece is the one that reaches it. */
  readonly from: number;
  readonly to: number;
  /** Whether more follow; default: it does not reach the payload's end. */
  readonly more?: boolean;
}

const PAYLOAD = udp(
  1000,
  53,
  Array.from({ length: 120 }, (_, i) => i),
);

function fragment({ from, to, more, ...fields }: Piece, payload: Bytes = PAYLOAD): Bytes {
  const follows = more ?? to < payload.length;
  return ipv4({
    id: 7,
    ...fields,
    frag: (fields.frag ?? 0) | (from >> 3) | (follows ? 0x2000 : 0),
    payload: payload.slice(from, to),
  });
}

const inbound = (data: Bytes, extra: Partial<Captured> = {}): Captured => ({
  data: ethernet(data),
  flags: INBOUND,
  iface: ETH0,
  ...extra,
});

function read(
  packets: Captured[],
  host: HostSpec = DOCKER_HOST,
  options: DecodeOptions = {},
): Decoded {
  return decode(module, host, pcapng(INTERFACES, packets), options);
}

/** "held", "whole" or "as is" for each frame. */
function fates({ frames }: Decoded): string[] {
  return frames.map(({ flags }) => {
    if (flags & abi.FRAME_HELD) return 'held';
    return flags & abi.FRAME_REASSEMBLED ? 'whole' : 'as is';
  });
}

const thirds: Piece[] = [
  { from: 0, to: 48 },
  { from: 48, to: 96 },
  { from: 96, to: 128 },
];

describe('IPv4', () => {
  it.each([
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ])('in the order %i %i %i', (...order) => {
    const packets = order.map((i) => inbound(fragment({ ...(thirds[i] as Piece), ttl: 60 + i })));
    const decoded = read(packets);
    expect(fates(decoded)).toEqual(['held', 'held', 'whole']);
    const whole = decoded.frames[2] as Frame;
    expect(whole).toMatchObject({
      src: '8.8.8.8',
      sport: 1000,
      dport: 53,
      ipLen: 148,
      capLen: 148,
      fragOff: 0,
      l4Off: 20,
      ttl: 60, // the first fragment's
      flags: abi.FRAME_ETHERNET | abi.FRAME_REASSEMBLED,
    });
    expect([...whole.bytes]).toEqual([...ipv4({ id: 7, ttl: 60, payload: PAYLOAD })]);
    expect(checksum([...whole.bytes.slice(0, 20)])).toBe(0);
    expect(decoded.unfinished).toBe(0);
    expect(decoded.facts[capture.FACT_HELD]).toBe(2n);
    expect(decoded.facts[capture.FACT_REASSEMBLED]).toBe(1n);
  });

  it('keeps the options of the first fragment', () => {
    const options = [0x94, 4, 0, 0];
    const packets = thirds.map((piece) =>
      inbound(fragment(piece.from === 0 ? { ...piece, options } : piece)),
    );
    expect(read(packets).frames[2]).toMatchObject({ ipLen: 152, l4Off: 24, dport: 53 });
  });

  it('rounds a fragment in the middle down to eight bytes', () => {
    const packets = [
      { from: 0, to: 53 },
      { from: 48, to: 128 },
    ].map((piece) => inbound(fragment(piece)));
    expect(fates(read(packets))).toEqual(['held', 'whole']);
  });

  it('puts a first fragment too short for ports together', () => {
    const packets = [
      { from: 0, to: 8 },
      { from: 8, to: 128 },
    ].map((piece) => inbound(fragment(piece)));
    expect(read(packets).frames[1]).toMatchObject({ dport: 53, ipLen: 148 });
  });

  it('ignores exact duplicates and what lies within a run', () => {
    const packets = [
      { from: 0, to: 48 },
      { from: 0, to: 48 },
      { from: 48, to: 96 },
      { from: 32, to: 64 },
      { from: 96, to: 128 },
    ].map((piece) => inbound(fragment(piece)));
    expect(fates(read(packets))).toEqual(['held', 'held', 'held', 'held', 'whole']);
  });

  it.each([
    ['the end of another', { from: 40, to: 96 }],
    ['the beginning of another', { from: 88, to: 112 }],
  ])('gives up a datagram with a fragment that overlaps %s', (_, overlap) => {
    const packets = [{ from: 0, to: 48 }, { from: 96, to: 128 }, overlap, { from: 48, to: 96 }].map(
      (piece) => inbound(fragment(piece)),
    );
    const decoded = read(packets);
    expect(fates(decoded)).toEqual(['held', 'held', 'held', 'held']);
    expect(decoded.unfinished).toBe(1); // the last one began anew
    expect(decoded.facts[capture.FACT_REASSEMBLY_FAILED]).toBe(2n);
  });

  it.each([
    [
      'two different ends',
      [
        { from: 96, to: 128 },
        { from: 96, to: 120, more: false },
      ],
    ],
    [
      'bytes behind the end',
      [
        { from: 96, to: 112, more: false },
        { from: 112, to: 120 },
      ],
    ],
    [
      'an end before bytes that came',
      [
        { from: 96, to: 120, more: true },
        { from: 48, to: 80, more: false },
      ],
    ],
    [
      'no payload',
      [
        { from: 0, to: 48 },
        { from: 48, to: 48, more: true },
      ],
    ],
  ] as [string, Piece[]][])('gives up a datagram with %s', (_, pieces) => {
    const decoded = read(pieces.map((piece) => inbound(fragment(piece))));
    expect(fates(decoded)).toEqual(['held', 'held']);
    expect(decoded).toMatchObject({ unfinished: 0 });
    expect(decoded.facts[capture.FACT_REASSEMBLY_FAILED]).toBe(1n);
  });

  it('gives up after the timeout, in capture time', () => {
    const times = (last: bigint) => [0n, 10n * SECOND, last];
    const at = (last: bigint) =>
      fates(
        read(thirds.map((piece, i) => inbound(fragment(piece), { time: times(last)[i] ?? 0n }))),
      );
    expect(at(30n * SECOND - 1n)).toEqual(['held', 'held', 'whole']);
    expect(at(30n * SECOND)).toEqual(['held', 'held', 'held']);
  });

  it('gives up when the source has sent too many others since', () => {
    const [first, second, third] = thirds as [Piece, Piece, Piece];
    const among = (others: number) => {
      const between = Array.from({ length: others }, (_, i) =>
        inbound(fragment({ ...first, id: 100 + i })),
      );
      const packets = [inbound(fragment(first)), ...between];
      return fates(read([...packets, inbound(fragment(second)), inbound(fragment(third))])).at(-1);
    };
    expect(among(63)).toBe('whole');
    expect(among(64)).toBe('held');
  });

  it('knows datagrams apart by id, protocol and addresses', () => {
    const others: Partial<Ipv4>[] = [
      { id: 8 },
      { proto: 6 },
      { src: '8.8.4.4' },
      { dst: '192.168.1.11' },
    ];
    for (const other of others) {
      const packets = [
        inbound(fragment({ from: 0, to: 48 })),
        inbound(fragment({ from: 48, to: 128, ...other })),
      ];
      expect(fates(read(packets))).toEqual(['held', 'held']);
    }
  });

  it.each([
    [[1, 1], 1],
    [[2, 3], 3], // congestion seen by one
    [[0, 2], undefined],
    [[0, 3], undefined],
    [[0, 0], 0],
  ])('ECN fields %j become %s', (fields, expected) => {
    const packets = [
      { from: 0, to: 48 },
      { from: 48, to: 128 },
    ].map((piece, i) => inbound(fragment({ ...piece, tos: 0x10 | (fields[i] ?? 0) })));
    const [, last] = read(packets).frames;
    const fate = expected === undefined ? abi.FRAME_HELD : abi.FRAME_REASSEMBLED;
    expect((last?.flags ?? 0) & (abi.FRAME_HELD | abi.FRAME_REASSEMBLED)).toBe(fate);
    if (expected !== undefined) expect(last?.tos).toBe(0x10 | expected);
  });

  it('says DF when the largest fragment said so', () => {
    const packets = thirds.map((piece) => inbound(fragment({ ...piece, frag: 0x4000 })));
    expect([...(read(packets).frames[2]?.bytes.slice(6, 8) ?? [])]).toEqual([0x40, 0]);
  });

  it('gives up a datagram longer than a datagram can be', () => {
    const long = Array<number>(65_528).fill(1);
    const packets = [
      fragment({ from: 0, to: 32_768 }, long),
      fragment({ from: 32_768, to: 65_528 }, long),
    ];
    expect(fates(read(packets.map((data) => inbound(data))))).toEqual(['held', 'held']);
  });

  it('is snapped where a fragment was', () => {
    const whole = (piece: Piece) => ethernet(fragment(piece));
    const [first, second, third] = thirds as [Piece, Piece, Piece];
    const cut = whole(second);
    const decoded = read([
      { data: whole(first), flags: INBOUND },
      { data: cut.slice(0, 14 + 20 + 8), length: cut.length, flags: INBOUND },
      { data: whole(third), flags: INBOUND },
    ]);
    expect(decoded.frames[2]).toMatchObject({ ipLen: 148, capLen: 20 + 48 + 8, dport: 53 });
    expect((decoded.frames[2]?.flags ?? 0) & abi.FRAME_SNAPPED).toBeTruthy();
  });

  it('has room for more datagrams than the slot has', () => {
    const long = (mark: number) => udp(1, mark, Array<number>(60_000).fill(mark));
    const pieces = Array.from({ length: 40 }, (_, i) => [
      inbound(fragment({ from: 0, to: 8, id: i }, long(i))),
      inbound(fragment({ from: 8, to: 60_008, id: i }, long(i))),
    ]);
    const { frames } = read(pieces.flat());
    const wholes = frames.filter((f) => f.flags & abi.FRAME_REASSEMBLED);
    expect(wholes.map((f) => f.dport)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    for (const whole of wholes)
      expect(new Set(whole.bytes.slice(28))).toEqual(new Set([whole.dport]));
  });

  it('holds no more than the kernel does, and goes on after that', () => {
    const long = udp(1, 2, Array<number>(30_000).fill(5));
    const hoard = Array.from({ length: 200 }, (_, i) =>
      inbound(fragment({ from: 0, to: 29_992, id: 1000 + i, src: `9.9.${i}.1` }, long)),
    );
    const later = thirds.map((piece) => inbound(fragment(piece), { time: 60n * SECOND }));
    const decoded = read([...hoard, ...later]);
    expect(decoded.facts[capture.FACT_REASSEMBLY_FAILED]).toBeLessThan(150n);
    expect(fates(decoded).at(-1)).toBe('whole');
  });
});

describe('places', () => {
  const container = (piece: Piece) => fragment({ src: '172.17.0.2', dst: '8.8.8.8', ...piece });
  const seen = (iface: number, flags: number, link: Ethernet, host = DOCKER_HOST): string[] =>
    fates(
      read(
        thirds.map((p) => ({ data: ethernet(container(p), link), iface, flags })),
        host,
      ),
    );
  const toBridge = { src: CONTAINER_MAC, dst: BRIDGE.mac ?? '' };
  const toContainer = { src: CONTAINER_MAC, dst: CONTAINER2_MAC };
  const bare: HostSpec = { ...DOCKER_HOST, sysctls: { [abi.SYSCTL_IPFRAG_TIME]: 30 } };
  const WHOLE = ['held', 'held', 'whole'];
  const AS_IS = ['as is', 'as is', 'as is'];

  it.each([
    ['for the host', ETH0, INBOUND, {}, DOCKER_HOST, WHOLE],
    ['for another host', ETH0, INBOUND, { dst: GATEWAY_MAC }, DOCKER_HOST, AS_IS],
    ['sent', ETH0, OUTBOUND, { src: UPLINK.mac ?? '', dst: GATEWAY_MAC }, DOCKER_HOST, WHOLE],
    ['from a port to the bridge', VETH1, INBOUND, toBridge, DOCKER_HOST, WHOLE],
    ['from port to port', VETH1, INBOUND, toContainer, DOCKER_HOST, WHOLE],
    ['from port to port, no bridge-nf-call', VETH1, INBOUND, toContainer, bare, AS_IS],
    ['from a port to the bridge, no bridge-nf-call', VETH1, INBOUND, toBridge, bare, WHOLE],
    [
      'from a port, tagged',
      VETH1,
      INBOUND,
      { ...toBridge, tags: [[0x8100, 5]] as const },
      DOCKER_HOST,
      AS_IS,
    ],
    ['without connection tracking', ETH0, INBOUND, {}, { ...DOCKER_HOST, flags: 0 }, AS_IS],
  ])('%s', (_, iface, flags, link, host, expected) => {
    expect(seen(iface, flags, link, host)).toEqual(expected);
  });

  it('a fragment seen at several places is put together once at each', () => {
    const at = (iface: number, flags: number) => (data: Bytes) => ({
      data: ethernet(data, toBridge),
      iface,
      flags,
    });
    const packets = thirds.flatMap((piece) => [
      at(VETH1, INBOUND)(container(piece)),
      at(DOCKER0, INBOUND)(container(piece)),
      at(VETH2, OUTBOUND)(container(piece)),
      at(ETH0, OUTBOUND)(container(piece)),
    ]);
    expect(fates(read(packets)).slice(-4)).toEqual(['whole', 'whole', 'whole', 'whole']);
  });

  it('a frame with a fault is not queued', () => {
    const packets = thirds.map((piece) => inbound(fragment({ ...piece, badChecksum: true })));
    expect(fates(read(packets))).toEqual(AS_IS);
  });
});

describe('IPv6', () => {
  interface Piece6 {
    readonly from: number;
    readonly to: number;
    readonly more?: boolean;
    readonly id?: number;
    readonly trafficClass?: number;
  }
  const HOP = [44, 0, 1, 4, 0, 0, 0, 0];

  function fragment6({ from, to, id = 9, ...rest }: Piece6, before: Bytes = []): Bytes {
    const more = rest.more ?? to < PAYLOAD.length;
    const header = [17, 0, ...be16(from | (more ? 1 : 0)), ...be32(id)];
    return ipv6({
      next: before.length > 0 ? 0 : 44,
      trafficClass: rest.trafficClass ?? 0,
      payload: [...before, ...header, ...PAYLOAD.slice(from, to)],
    });
  }
  const read6 = (pieces: Bytes[]): Decoded => read(pieces.map((data) => inbound(data)));

  it.each([
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
  ])('in the order %i %i %i', (...order) => {
    const decoded = read6(order.map((i) => fragment6(thirds[i] as Piece6)));
    expect(fates(decoded)).toEqual(['held', 'held', 'whole']);
    const whole = decoded.frames[2] as Frame;
    expect(whole).toMatchObject({ proto: 17, sport: 1000, dport: 53, l4Off: 40, ipLen: 168 });
    expect([...whole.bytes]).toEqual([...ipv6({ payload: PAYLOAD })]);
  });

  it('keeps the headers before the fragment header', () => {
    const decoded = read6(thirds.map((piece) => fragment6(piece, HOP)));
    const whole = decoded.frames[2] as Frame;
    expect(whole).toMatchObject({ proto: 17, dport: 53, l4Off: 48, ipLen: 176 });
    expect(whole.bytes[40]).toBe(17);
  });

  it('takes the fragment header off an atomic fragment', () => {
    const decoded = read6([fragment6({ from: 0, to: PAYLOAD.length })]);
    expect(fates(decoded)).toEqual(['whole']);
    expect(decoded.frames[0]).toMatchObject({ ipLen: 168, l4Off: 40, dport: 53 });
  });

  it('gives up overlaps, ignores duplicates', () => {
    const pieces = (second: Piece6) => [
      fragment6({ from: 0, to: 48 }),
      fragment6(second),
      fragment6({ from: 48, to: 128 }),
    ];
    expect(fates(read6(pieces({ from: 40, to: 56 }))).at(-1)).toBe('held');
    expect(fates(read6(pieces({ from: 0, to: 48 }))).at(-1)).toBe('whole');
  });

  it('lets a fragment pass whose middle is not a multiple of eight', () => {
    const decoded = read6([
      fragment6({ from: 0, to: 48 }),
      fragment6({ from: 48, to: 53, more: true }),
      fragment6({ from: 48, to: 128 }),
    ]);
    expect(fates(decoded)).toEqual(['held', 'as is', 'held']);
  });

  it('lets a first fragment pass that lacks its transport header', () => {
    expect(fates(read6([fragment6({ from: 0, to: 4, more: true })]))).toEqual(['as is']);
  });

  it('waits sixty seconds', () => {
    const last = (time: bigint) =>
      fates(
        read([
          inbound(fragment6({ from: 0, to: 48 }), { time: 0n }),
          inbound(fragment6({ from: 48, to: 128 }), { time }),
        ]),
      ).at(-1);
    expect(last(59n * SECOND)).toBe('whole');
    expect(last(60n * SECOND)).toBe('held');
  });

  it('merges congestion into the traffic class', () => {
    const decoded = read6([
      fragment6({ from: 0, to: 48, trafficClass: 0x42 }),
      fragment6({ from: 48, to: 128, trafficClass: 0x43 }),
    ]);
    expect(decoded.frames[1]).toMatchObject({ tos: 0x43 });
  });
});

it('is the same in slots of any size', () => {
  const packets = [...thirds, ...thirds].map((piece, i) =>
    inbound(fragment({ ...piece, id: i >> 1 })),
  );
  const whole = read(packets);
  for (const chunk of [1, 50, 200]) {
    expect({ ...read(packets, DOCKER_HOST, { chunk }), core: 0 }).toEqual({ ...whole, core: 0 });
  }
});
