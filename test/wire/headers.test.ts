/** Link, IP and transport headers: their fields, too short, lying about lengths. */
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import * as abi from '../../assembly/abi.ts';
import { compileFront, decode, type Frame } from './harness.ts';
import { DOCKER_HOST, ETH0 } from './image.ts';
import {
  type Bytes,
  be16,
  type Captured,
  ethernet,
  type Ipv4,
  type Ipv6,
  icmp,
  ipv4,
  ipv6,
  pcap,
  pcapng,
  tcp,
  udp,
} from './packets.ts';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileFront();
});

const INBOUND = 1;
const OUTBOUND = 2;
/** No connection tracking: fragments stay as they are. */
const HOST = { ...DOCKER_HOST, flags: 0 };

/** The frame, as captured on eth0. */
function frame(packet: Captured | Bytes, linkType = 1, flags = INBOUND): Frame {
  const captured = 'data' in packet ? packet : { data: packet };
  const file = pcapng([{ name: 'eth0', linkType }], [{ flags, ...captured }]);
  const [decoded] = decode(module, HOST, file).frames;
  if (!decoded) throw new Error('no frame');
  return decoded;
}

const v4 = (fields: Ipv4): Frame => frame(ethernet(ipv4(fields)));
const v6 = (fields: Ipv6): Frame => frame(ethernet(ipv6(fields)));

describe('IPv4', () => {
  it('has all fields', () => {
    const payload = tcp(41000, 8080, 0x12, [1, 2, 3]);
    const packet = { src: '1.2.3.4', dst: '200.201.202.203', proto: 6, ttl: 7, tos: 0xb9, payload };
    expect(v4(packet)).toMatchObject({
      family: 4,
      src: '1.2.3.4',
      dst: '200.201.202.203',
      proto: 6,
      ttl: 7,
      tos: 0xb9,
      sport: 41000,
      dport: 8080,
      tcpFlags: 0x12,
      l4Off: 20,
      ipLen: 43,
      capLen: 43,
      frameLen: 57,
      fragOff: 0,
      fault: 0,
      flags: abi.FRAME_ETHERNET,
      iface: ETH0,
      direction: abi.DIRECTION_IN,
      plain: true,
    });
  });

  it('skips options', () => {
    const options = [0x94, 4, 0, 0];
    expect(v4({ options, payload: udp(7, 9) })).toMatchObject({
      ...{ l4Off: 24, sport: 7, dport: 9, plain: false },
    });
  });

  it('trims padding', () => {
    const padded = ethernet([...ipv4({ payload: udp(1, 2) }), ...Array<number>(18).fill(0)]);
    expect(frame(padded)).toMatchObject({ frameLen: 60, ipLen: 28, capLen: 28, flags: 32 });
  });

  it.each([
    ['version', { version: 5 }, abi.FAULT_IP_VERSION, 4, 5],
    ['header length below 20', { ihl: 4 }, abi.FAULT_IP_HEADER_LENGTH, 20, 16],
    ['header longer than the frame', { ihl: 15 }, abi.FAULT_IP_HEADER_LENGTH, 60, 28],
    ['total length beyond the frame', { total: 29 }, abi.FAULT_IP_TOTAL_LENGTH, 29, 28],
    ['total length below the header', { total: 19 }, abi.FAULT_IP_TOTAL_LENGTH, 20, 19],
    ['total length zero', { total: 0 }, abi.FAULT_IP_TOTAL_LENGTH, 20, 0],
  ])('fault: %s', (_, fields, fault, need, have) => {
    expect(v4({ payload: udp(1, 2), ...fields })).toMatchObject({ fault, need, have });
  });

  it('fault: checksum, of received packets only', () => {
    const packet = ethernet(ipv4({ badChecksum: true, payload: udp(1, 2) }));
    expect(frame(packet).fault).toBe(abi.FAULT_IP_CHECKSUM);
    expect(frame(packet, 1, OUTBOUND).fault).toBe(abi.FAULT_NONE);
  });

  it('takes the length of BIG TCP and of segments yet to be cut', () => {
    const big = ipv4({ proto: 6, total: 0, payload: tcp(1, 2, 16, Array<number>(70_000).fill(1)) });
    expect(frame(ethernet(big))).toMatchObject({ ipLen: 70_040, dport: 2, fault: 0 });
    const small = ethernet(ipv4({ proto: 6, total: 0, payload: tcp(1, 2, 16, [1]) }));
    expect(frame(small, 1, OUTBOUND)).toMatchObject({ ipLen: 41, fault: 0 });
    expect(frame(small).fault).toBe(abi.FAULT_IP_TOTAL_LENGTH);
  });

  it('is judged by the original length when snapped', () => {
    const whole = ethernet(ipv4({ payload: udp(1, 2, Array<number>(100).fill(9)) }));
    const snapped = frame({ data: whole.slice(0, 64), length: whole.length });
    expect(snapped).toMatchObject({ ipLen: 128, capLen: 50, fault: 0, dport: 2 });
    expect(snapped.flags & abi.FRAME_SNAPPED).toBeTruthy();
  });

  it('tells fragments', () => {
    const payload = [...udp(1, 2), ...Array<number>(16).fill(0)];
    expect(v4({ frag: 0x2000, payload })).toMatchObject({ fragOff: 0, l4Off: 20, dport: 2 });
    const later = v4({ frag: 0x2003, payload });
    expect(later).toMatchObject({ fragOff: 24, l4Off: 0, dport: 0, proto: 17 });
    expect(later.flags & abi.FRAME_FRAGMENT).toBeTruthy();
    expect(v4({ frag: 0x4000, payload }).flags & abi.FRAME_FRAGMENT).toBe(0);
  });

  it.each(Array.from({ length: 20 }, (_, i) => i))('captured to %i bytes', (bytes) => {
    const whole = ethernet(ipv4({ payload: udp(1, 2) }));
    const snapped = frame({ data: whole.slice(0, 14 + bytes), length: whole.length });
    expect(snapped).toMatchObject({ fault: abi.FAULT_TRUNCATED, need: 20, have: bytes });
    const short = frame(whole.slice(0, 14 + bytes));
    expect(short).toMatchObject({ fault: abi.FAULT_IP_HEADER_LENGTH, need: 20, have: bytes });
  });
});

describe('transport', () => {
  it.each([
    ['TCP', 6, tcp(1, 2, 0x18)],
    ['UDP', 17, udp(1, 2)],
    ['UDP-Lite', 136, udp(1, 2)],
    ['SCTP', 132, [...udp(1, 2), 0, 0, 0, 0]],
    ['DCCP', 33, [...udp(1, 2), 0, 0, 0, 0]],
  ])('%s ports', (_, proto, payload) => {
    expect(v4({ proto, payload })).toMatchObject({ proto, sport: 1, dport: 2 });
    expect(v4({ proto, payload: payload.slice(0, 3) })).toMatchObject({ sport: 0, dport: 0 });
    expect(v4({ proto, payload: [] })).toMatchObject({ l4Off: 20, ipLen: 20, fault: 0 });
  });

  it('a TCP header without its flags keeps its ports', () => {
    const short = v4({ proto: 6, payload: tcp(1, 2, 0x18).slice(0, 13) });
    expect(short).toMatchObject({ sport: 1, dport: 2, tcpFlags: 0 });
  });

  it.each([0, 8, 13, 14, 15, 16, 17, 18])('ICMP type %i has an id', (type) => {
    const payload = icmp(type, 0, [...be16(777), 0, 1]);
    expect(v4({ proto: 1, payload })).toMatchObject({ icmp: type, sport: 777, dport: 777 });
  });

  it.each([3, 4, 5, 9, 11, 12])('ICMP type %i has none', (type) => {
    const payload = icmp(type, 0, [...be16(777), 0, 1]);
    expect(v4({ proto: 1, payload })).toMatchObject({ icmp: type, sport: 0, dport: 0 });
  });

  it('ICMPv6 echo has an id, neighbour discovery none', () => {
    const echo = v6({ next: 58, payload: icmp(128, 0, [...be16(5), 0, 1]) });
    expect(echo).toMatchObject({ icmp: 128, sport: 5, dport: 5 });
    const solicitation = v6({ next: 58, payload: icmp(135, 0, [...be16(5), 0, 1]) });
    expect(solicitation).toMatchObject({ icmp: 135, sport: 0 });
  });

  it('other protocols have no ports', () => {
    expect(v4({ proto: 47, payload: [1, 2, 3, 4, 5, 6] })).toMatchObject({ sport: 0, l4Off: 20 });
  });
});

describe('IPv6', () => {
  it('has all fields', () => {
    const packet = { trafficClass: 0xb9, hopLimit: 3, next: 6, payload: tcp(1, 2, 2) };
    expect(v6(packet)).toMatchObject({
      family: 6,
      src: '2001:db8::1',
      dst: '2001:db8::10',
      proto: 6,
      ttl: 3,
      tos: 0xb9,
      tcpFlags: 2,
      l4Off: 40,
      ipLen: 60,
      fault: 0,
    });
  });

  const hop = (next: number, ...options: number[]): Bytes => [next, 0, ...options];
  it.each([
    ['hop by hop', 0, hop(17, 5, 2, 0, 0, 1, 0), 48],
    ['destination options', 60, hop(17, 1, 4, 0, 0, 0, 0), 48],
    ['routing', 43, [17, 0, 0, 0, 0, 0, 0, 0], 48],
    ['authentication', 51, [17, 1, ...Array<number>(10).fill(0)], 52],
    ['atomic fragment', 44, [17, 0, 0, 0, 1, 2, 3, 4], 48],
    ['two of them', 0, [...hop(60, 1, 4, 0, 0, 0, 0), ...hop(17, 1, 4, 0, 0, 0, 0)], 56],
  ])('passes %s', (_, next, extension, l4Off) => {
    const decoded = v6({ next, payload: [...extension, ...udp(7, 9)] });
    expect(decoded).toMatchObject({ proto: 17, sport: 7, dport: 9, l4Off, fault: 0 });
    expect(decoded.flags & abi.FRAME_FRAGMENT).toBe(0);
  });

  it('tells fragments', () => {
    const first = v6({ next: 44, payload: [17, 0, 0, 1, 0, 0, 0, 9, ...udp(7, 9)] });
    expect(first).toMatchObject({ l4Off: 48, dport: 9, fragOff: 0 });
    expect(first.flags & abi.FRAME_FRAGMENT).toBeTruthy();
    const later = v6({ next: 44, payload: [17, 0, 0, 0x11, 0, 0, 0, 9, ...udp(7, 9)] });
    expect(later).toMatchObject({ proto: 17, l4Off: 0, dport: 0, fragOff: 16 });
  });

  it.each([
    ['unknown option that wants the packet dropped', hop(17, 0x40, 4, 0, 0, 0, 0)],
    ['option longer than its header', hop(17, 5, 9, 0, 0, 0, 0)],
    ['padding that is not zero', hop(17, 1, 4, 0, 0, 1, 0)],
    ['router alert of the wrong length', hop(17, 5, 4, 0, 0, 0, 0)],
  ])('fault: %s', (_, extension) => {
    const decoded = v6({ next: 0, payload: [...extension, ...udp(1, 2)] });
    expect(decoded.fault).toBe(abi.FAULT_IP_OPTIONS);
  });

  it('accepts an unknown option that may be ignored', () => {
    const extension = hop(17, 0x1e, 4, 1, 2, 3, 4);
    expect(v6({ next: 0, payload: [...extension, ...udp(1, 2)] }).fault).toBe(abi.FAULT_NONE);
  });

  it('takes the jumbo length', () => {
    const rest = [...udp(1, 2), ...Array<number>(70_000).fill(0)];
    const length = rest.length + 8;
    const jumbo = hop(17, 0xc2, 4, 0, length >> 16, (length >> 8) & 255, length & 255);
    const decoded = v6({ next: 0, payloadLength: 0, payload: [...jumbo, ...rest] });
    expect(decoded).toMatchObject({ ipLen: 40 + length, dport: 2, fault: 0 });
    const lying = v6({ next: 0, payloadLength: 0, payload: [...jumbo, ...rest.slice(1)] });
    expect(lying.fault).toBe(abi.FAULT_IP_OPTIONS);
  });

  it.each([
    ['version', { version: 4 }, abi.FAULT_IP_VERSION, 6, 4],
    ['length beyond the frame', { payloadLength: 9 }, abi.FAULT_IP_TOTAL_LENGTH, 49, 48],
  ])('fault: %s', (_, fields, fault, need, have) => {
    const packet = ethernet(ipv6({ payload: udp(1, 2), ...fields }), { type: 0x86dd });
    expect(frame(packet)).toMatchObject({ fault, need, have });
  });

  it('ends where the header chain leaves the packet', () => {
    const decoded = v6({ next: 60, payload: [17, 3, 0, 0, 0, 0, 0, 0] });
    expect(decoded).toMatchObject({ proto: 17, l4Off: 48, ipLen: 48, dport: 0, fault: 0 });
  });

  it.each(Array.from({ length: 40 }, (_, i) => i))('captured to %i bytes', (bytes) => {
    const whole = ethernet(ipv6({ payload: udp(1, 2) }));
    const snapped = frame({ data: whole.slice(0, 14 + bytes), length: whole.length });
    expect(snapped).toMatchObject({ fault: abi.FAULT_TRUNCATED, need: 40, have: bytes });
  });
});

describe('Ethernet', () => {
  const packet = ipv4({ payload: udp(1, 2) });

  it.each([
    ['802.1Q', [[0x8100, 5]]],
    [
      '802.1ad',
      [
        [0x88a8, 5],
        [0x8100, 6],
      ],
    ],
    [
      'three tags',
      [
        [0x8100, 1],
        [0x8100, 2],
        [0x8100, 3],
      ],
    ],
    [
      'old QinQ',
      [
        [0x9100, 1],
        [0x8100, 2],
      ],
    ],
  ] as [string, [number, number][]][])('%s', (_, tags) => {
    const decoded = frame(ethernet(packet, { tags }));
    expect(decoded).toMatchObject({ src: '8.8.8.8', dport: 2, fault: 0 });
    expect(decoded.flags).toBe(abi.FRAME_ETHERNET | abi.FRAME_VLAN);
    const cut = ethernet(packet, { tags }).slice(0, 15);
    expect(frame(cut)).toMatchObject({ fault: abi.FAULT_TRUNCATED, need: 18, have: 15 });
  });

  it.each([
    ['ARP', 0x0806],
    ['LLC with a length', 46],
    ['IPX', 0x8137],
  ])('%s is not IP', (_, type) => {
    const decoded = frame(ethernet(packet, { type }));
    expect(decoded).toMatchObject({
      fault: abi.FAULT_NOT_IP,
      family: 0,
      hasL3: false,
      hasL2: true,
    });
  });

  it('LLC with a length behind a tag is not IP', () => {
    const decoded = frame(ethernet(packet, { type: 46, tags: [[0x8100, 1]] }));
    expect(decoded.fault).toBe(abi.FAULT_NOT_IP);
  });

  it.each([0, 5, 13])('%i bytes are too few', (bytes) => {
    expect(frame(ethernet(packet).slice(0, bytes))).toMatchObject({
      fault: abi.FAULT_TRUNCATED,
      need: 14,
      have: bytes,
    });
  });
});

describe('other link types', () => {
  const packet = ipv4({ payload: udp(1, 2) });
  const packet6 = ipv6({ payload: udp(1, 2) });

  it.each([12, 14, 101])('raw IP, %i: the version tells the family', (linkType) => {
    expect(frame(packet, linkType)).toMatchObject({ family: 4, dport: 2, hasL2: false, flags: 0 });
    expect(frame(packet6, linkType)).toMatchObject({ family: 6, dport: 2 });
  });

  it('raw IPv4 and raw IPv6', () => {
    expect(frame(packet, 228)).toMatchObject({ family: 4, dport: 2 });
    expect(frame(packet6, 229)).toMatchObject({ family: 6, dport: 2 });
    expect(frame(packet6, 228).fault).toBe(abi.FAULT_IP_VERSION);
    expect(frame([], 228).fault).toBe(abi.FAULT_TRUNCATED);
  });

  it.each([
    [[2, 0, 0, 0], packet, 4],
    [[0, 0, 0, 2], packet, 4],
    [[30, 0, 0, 0], packet6, 6],
    [[0, 0, 0, 24], packet6, 6],
    [[28, 0, 0, 0], packet6, 6],
    [[0, 0, 0, 10], packet6, 6],
  ])('loopback, family bytes %j', (family, payload, version) => {
    for (const linkType of [0, 108]) {
      const decoded = frame([...family, ...payload], linkType);
      expect(decoded).toMatchObject({ family: version, dport: 2, fault: 0 });
    }
  });

  it('loopback of another family is not IP', () => {
    expect(frame([7, 0, 0, 0, 1, 2, 3], 0).fault).toBe(abi.FAULT_NOT_IP);
    expect(frame([2, 0, 0], 0)).toMatchObject({ fault: abi.FAULT_TRUNCATED, need: 4, have: 3 });
  });

  const sll = (type: number, payload: Bytes): Bytes => [
    ...[0, 0, 0, 1, 0, 6, 2, 0xee, 0, 0, 0, 1, 0, 0],
    ...be16(type),
    ...payload,
  ];
  const sll2 = (type: number, payload: Bytes): Bytes => [
    ...be16(type),
    ...[0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0xee, 0, 0, 0, 1, 0, 0],
    ...payload,
  ];

  it.each([
    [113, sll, 16],
    [276, sll2, 20],
  ] as const)('Linux cooked, %i', (linkType, header, bytes) => {
    expect(frame(header(0x0800, packet), linkType)).toMatchObject({
      family: 4,
      dport: 2,
      frameLen: bytes + packet.length,
      ipLen: packet.length,
      hasL2: false,
      flags: 0,
    });
    expect(frame(header(0x86dd, packet6), linkType)).toMatchObject({ family: 6, dport: 2 });
    expect(frame(header(0x0806, packet), linkType).fault).toBe(abi.FAULT_NOT_IP);
    expect(frame(header(4, packet), linkType).fault).toBe(abi.FAULT_NOT_IP);
    const tagged = frame(header(0x8100, [0, 5, 8, 0, ...packet]), linkType);
    expect(tagged).toMatchObject({ dport: 2, flags: abi.FRAME_VLAN, fault: 0 });
    const twice = frame(header(0x88a8, [0, 5, 0x81, 0, 0, 6, 8, 0, ...packet]), linkType);
    expect(twice).toMatchObject({ dport: 2, flags: abi.FRAME_VLAN, fault: 0 });
    expect(frame(header(0x0800, []).slice(0, -1), linkType)).toMatchObject({
      fault: abi.FAULT_TRUNCATED,
      need: bytes,
      have: bytes - 1,
    });
  });

  it('one that is not supported', () => {
    expect(frame([1, 2, 3], 105)).toMatchObject({ fault: abi.FAULT_LINK_TYPE, have: 105 });
  });
});

describe('the usual frame', () => {
  /** The same frame twice: its MACs are new the first time, and it takes the long way. */
  function bothWays(packet: Captured, format: 'pcap' | 'pcapng', workers = 1): Frame[] {
    const file =
      format === 'pcap'
        ? pcap([packet, packet])
        : pcapng([{ name: 'eth0' }, {}], [packet, { ...packet, time: 2n }]);
    return decode(module, HOST, file, { workers }).frames.map((f) => ({
      ...f,
      number: 0,
      tsNanos: 0n,
    }));
  }

  const transport = fc.oneof(
    fc.record({ flags: fc.nat(255), length: fc.nat(40) }).map(({ flags, length }) => ({
      proto: 6,
      payload: tcp(41000, 80, flags, Array<number>(length).fill(1)),
    })),
    fc.nat(40).map((length) => ({ proto: 17, payload: udp(5, 6, Array<number>(length).fill(7)) })),
    fc.constant({ proto: 1, payload: icmp(8, 0, Array<number>(16).fill(7)) }),
  );
  const packet = fc.record({
    transport,
    fields: fc.record({
      src: fc.constantFrom('9.9.9.9', '192.168.1.77', '172.17.0.2', '192.168.1.10', '127.0.0.1'),
      dst: fc.constantFrom('192.168.1.10', '8.8.4.4', '172.17.0.9', '255.255.255.255'),
      ttl: fc.nat(255),
      tos: fc.nat(255),
      frag: fc.constantFrom(0, 0, 0, 0x4000, 0x2000, 1),
      badChecksum: fc.constantFrom(false, false, true),
      options: fc.constantFrom([], [], [1, 1, 1, 0]),
    }),
    padding: fc.nat(20),
    snap: fc.constantFrom(0, 0, 1, 9, 30),
    shorter: fc.constantFrom(0, 0, 0, 3),
    flags: fc.constantFrom(undefined, 1, 2),
    mac: fc.constantFrom('02:00:c0:a8:01:0a', '02:99:00:00:00:01'),
    format: fc.constantFrom('pcap', 'pcapng'),
  });

  it('is decoded as by the long way', () => {
    let usual = 0;
    fc.assert(
      fc.property(
        packet,
        ({ fields, transport: above, padding, snap, shorter, flags, mac, format }) => {
          const whole = ethernet(
            [...ipv4({ ...fields, ...above }), ...Array<number>(padding).fill(0)],
            { dst: mac },
          );
          const data = whole.slice(0, whole.length - snap);
          const captured = { data, length: whole.length - shorter, ...(flags ? { flags } : {}) };
          const [long, short] = bothWays(captured, format, 3);
          expect(short).toEqual(long);
          if (long?.fault === 0 && long.proto !== 1) usual++;
        },
      ),
      { numRuns: 400 },
    );
    expect(usual).toBeGreaterThan(50);
  });

  it('is as before when the next frame is not', () => {
    const good = ethernet(ipv4({ proto: 6, payload: tcp(1, 2, 16) }));
    const strange = ethernet(ipv6({ payload: udp(1, 2) }));
    for (const file of [
      pcap([good, good, strange, good]),
      pcapng([{}], [good, good, strange, good]),
    ]) {
      const { frames } = decode(module, HOST, file);
      expect(frames.map((f) => [f.number, f.family, f.dport])).toEqual([
        [1, 4, 2],
        [2, 4, 2],
        [3, 6, 2],
        [4, 4, 2],
      ]);
    }
  });
});

it('says the same of frames in a pcap file', () => {
  const frames = [ethernet(ipv4({ payload: udp(1, 2) })), ethernet(ipv6({ payload: udp(1, 2) }))];
  const a = decode(module, HOST, pcap(frames)).frames;
  const b = decode(module, HOST, pcapng([{ name: 'eth0' }], frames)).frames;
  const untimed = (list: Frame[]) => list.map((f) => ({ ...f, tsNanos: 0 }));
  expect(untimed(a)).toEqual(untimed(b));
});
