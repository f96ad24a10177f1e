/** Records of pcap and pcapng: byte orders, clocks, blocks, slots of any size, cuts and lies. */
import { beforeAll, describe, expect, it } from 'vitest';
import { FAULT_NOT_IP, SLOT_HEADROOM_BYTES } from '../../assembly/abi.ts';
import * as capture from '../../assembly/abi-capture.ts';
import { compileFront, type Decoded, decode } from './harness.ts';
import { DOCKER_HOST, ETH0 } from './image.ts';
import {
  type Bytes,
  block,
  ethernet,
  interfaceBlock,
  ipv4,
  type Order,
  option,
  packetBlock,
  pcap,
  pcapng,
  sectionBlock,
  udp,
} from './packets.ts';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileFront();
});

const read = (bytes: Uint8Array, chunk?: number): Decoded =>
  decode(module, DOCKER_HOST, bytes, chunk === undefined ? {} : { chunk });
const file = (...parts: Bytes[]): Uint8Array => Uint8Array.from(parts.flat());
const dns = ethernet(ipv4({ payload: udp(1000, 53, [1, 2, 3]) }));
const ORDERS: readonly Order[] = [{ big: false }, { big: true }];

/** Everything but what differs by construction. */
const facts = ({ frames }: Decoded) =>
  frames.map(({ number, tsNanos, frameLen, src, dport, iface }) => ({
    number,
    tsNanos,
    frameLen,
    src,
    dport,
    iface,
  }));

describe('pcap', () => {
  it.each([
    { magic: 0xa1b2c3d4, big: false, nanos: 1000n },
    { magic: 0xa1b2c3d4, big: true, nanos: 1000n },
    { magic: 0xa1b23c4d, big: false, nanos: 1n },
    { magic: 0xa1b23c4d, big: true, nanos: 1n },
    { magic: 0xa1b2cd34, big: false, nanos: 1000n },
    { magic: 0xa1b2cd34, big: true, nanos: 1000n },
  ])('magic $magic, big endian $big', ({ magic, big, nanos }) => {
    const time = 1_700_000_000_123_456n;
    const packets = [
      { data: dns, time },
      { data: dns, time: time + 1n, length: 2000 },
    ];
    const decoded = read(pcap(packets, { magic, big }));
    const seconds = nanos === 1n ? time : time * 1000n;
    expect(facts(decoded)).toEqual([
      { number: 1, tsNanos: seconds, frameLen: dns.length, src: '8.8.8.8', dport: 53, iface: ETH0 },
      {
        number: 2,
        tsNanos: seconds + nanos,
        frameLen: 2000,
        src: '8.8.8.8',
        dport: 53,
        iface: ETH0,
      },
    ]);
    expect(decoded.status).toBe(capture.CAPTURE_OK);
    expect(decoded.facts[capture.FACT_FORMAT]).toBe(BigInt(capture.FORMAT_PCAP));
    expect(decoded.facts[capture.FACT_NANOSECONDS]).toBe(nanos === 1n ? 1n : 0n);
    expect(decoded.facts[capture.FACT_FRAME_BYTES]).toBe(BigInt(dns.length + 2000));
  });

  it('takes the link type without the bits that tell of a check sequence', () => {
    const decoded = read(pcap([ipv4({ payload: udp(1, 2) })], { linkType: 0x54000000 + 101 }));
    expect(decoded.frames[0]).toMatchObject({ src: '8.8.8.8', fault: 0 });
  });

  it('is refused in another version', () => {
    expect(read(pcap([dns], { major: 3 }))).toMatchObject({
      status: capture.CAPTURE_VERSION,
      have: 3,
      frames: [],
    });
  });

  it('ends at a packet longer than any', () => {
    const good = pcap([dns]);
    const bad = file([...good], [0, 0, 0, 0, 0, 0, 0, 0], [1, 0, 4, 0], [1, 0, 4, 0], [...dns]);
    expect(read(bad)).toMatchObject({
      status: capture.CAPTURE_RECORD_TOO_LONG,
      need: 262145,
      have: capture.CAPTURE_MAX_PACKET,
      faultOffset: good.length,
      frames: [{ number: 1 }],
    });
  });

  it('reads packets without any bytes', () => {
    const decoded = read(pcap([{ data: [], length: 60 }, dns]));
    expect(decoded.frames.map((f) => f.src)).toEqual(['', '8.8.8.8']);
  });
});

describe('pcapng', () => {
  it.each(ORDERS)('big endian $big', (order) => {
    const interfaces = [{ name: 'eth0' }, { name: 'docker0', resolution: 9 }];
    const packets = [
      { data: dns, time: 1_700_000_000_000_001n },
      { data: dns, time: 1_700_000_000_000_002_003n, iface: 1, flags: 1 },
    ];
    const decoded = read(pcapng(interfaces, packets, order));
    expect(facts(decoded)).toEqual([
      {
        number: 1,
        tsNanos: 1_700_000_000_000_001_000n,
        frameLen: dns.length,
        src: '8.8.8.8',
        dport: 53,
        iface: 2,
      },
      {
        number: 2,
        tsNanos: 1_700_000_000_000_002_003n,
        frameLen: dns.length,
        src: '8.8.8.8',
        dport: 53,
        iface: 3,
      },
    ]);
    expect(decoded.facts[capture.FACT_INTERFACES]).toBe(2n);
    expect(decoded.facts[capture.FACT_SECTIONS]).toBe(1n);
    expect(decoded.facts[capture.FACT_NANOSECONDS]).toBe(1n);
  });

  it.each([
    { resolution: 0, units: 7n, nanos: 7_000_000_000n },
    { resolution: 3, units: 7n, nanos: 7_000_000n },
    { resolution: 12, units: 1_234_567_890_123n, nanos: 1_234_567_890n },
    { resolution: 0x80 | 10, units: 1536n, nanos: 1_500_000_000n },
    { resolution: 0x80 | 32, units: (5n << 32n) | 0x40000000n, nanos: 5_250_000_000n },
    { resolution: 0x80 | 60, units: (3n << 60n) | (1n << 59n), nanos: 3_500_000_000n },
    { resolution: 0xff, units: 1n, nanos: 0n },
    { resolution: 100, units: 5n, nanos: 0n },
  ])('clock of resolution $resolution', ({ resolution, units, nanos }) => {
    const decoded = read(pcapng([{ resolution }], [{ data: dns, time: units }]));
    expect(decoded.frames[0]?.tsNanos).toBe(nanos);
  });

  it.each(ORDERS)('adds if_tsoffset, big endian $big', (order) => {
    const decoded = read(
      pcapng(
        [{ offset: 1_700_000_000 }, { offset: -10 }],
        [
          { data: dns, time: 1n },
          { data: dns, time: 20_000_000n, iface: 1 },
        ],
        order,
      ),
    );
    expect(decoded.frames.map((f) => f.tsNanos)).toEqual([
      1_700_000_000_000_001_000n,
      10_000_000_000n,
    ]);
  });

  it('reads simple packets, cut to the snap length, at the time before them', () => {
    const simple = block(3, [...[dns.length, 0, 0, 0], ...dns.slice(0, 40)]);
    const decoded = read(
      file(
        sectionBlock(),
        interfaceBlock({ name: 'eth0', snapLen: 40 }),
        packetBlock({ data: dns.slice(0, 40), length: dns.length, time: 5n }),
        simple,
      ),
    );
    expect(decoded.frames[1]).toMatchObject({ tsNanos: 5000n, frameLen: dns.length, capLen: 26 });
  });

  it('reads the old packet block', () => {
    const length = [dns.length, 0, 0, 0];
    const body = [0, 0, 3, 0, 0, 0, 0, 0, 9, 0, 0, 0, ...length, ...length, ...dns];
    const padded = [...body, ...Array<number>(-body.length & 3).fill(0)];
    const flags = option(2, [2, 0, 0, 0]);
    const decoded = read(
      file(sectionBlock(), interfaceBlock({ name: 'eth0' }), block(2, [...padded, ...flags])),
    );
    expect(decoded.frames[0]).toMatchObject({ tsNanos: 9000n, src: '8.8.8.8', direction: 2 });
  });

  it('numbers interfaces anew in each section, of any byte order', () => {
    const [little = {}, big = {}] = ORDERS;
    const bytes = file(
      [...pcapng([{ name: 'docker0' }], [dns], big)],
      [...pcapng([{ name: 'veth1' }, { name: 'eth0' }], [{ data: dns, iface: 1 }], little)],
      sectionBlock(big),
      packetBlock(dns, big),
    );
    const decoded = read(bytes);
    expect(decoded.frames.map((f) => f.iface)).toEqual([3, 2]);
    expect(decoded).toMatchObject({ status: capture.CAPTURE_NO_INTERFACE, need: 0, have: 0 });
  });

  it('passes over blocks that it does not know, and numbers custom ones', () => {
    const decoded = read(
      file(
        sectionBlock(),
        interfaceBlock(),
        block(0x1234, [1, 2, 3, 4]),
        block(4, [0, 0, 0, 0]),
        block(0xbad, [1, 0, 0, 0, 5, 6, 7, 8]),
        packetBlock(dns),
        block(9, [1, 2, 3, 4]),
      ),
    );
    expect(decoded.frames.map(({ number, frameLen, fault }) => [number, frameLen, fault])).toEqual([
      [1, 4 + 4 - 4, FAULT_NOT_IP],
      [2, dns.length, 0],
      [3, 4, FAULT_NOT_IP],
    ]);
  });

  it('passes over blocks larger than a slot', () => {
    const huge = block(0x1234, Array<number>(SLOT_HEADROOM_BYTES).fill(7));
    const bytes = file(sectionBlock(), interfaceBlock(), huge, packetBlock(dns), huge.slice(0, 99));
    for (const chunk of [65_536, 524_288]) {
      const decoded = read(bytes, chunk);
      expect(decoded.frames).toHaveLength(1);
      expect(decoded).toMatchObject({
        status: capture.CAPTURE_CUT,
        faultOffset: bytes.length - 99,
      });
    }
  });

  const good = file(sectionBlock(), interfaceBlock(), packetBlock(dns));
  const at = good.length;
  const epb = packetBlock(dns);
  const patched = (offset: number, ...values: number[]): Bytes =>
    epb.map((byte, i) => values[i - offset] ?? byte);
  it.each([
    ['a block too short', [6, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0], capture.CAPTURE_BLOCK_SIZE, 32, 8],
    [
      'an uneven length',
      [9, 9, 0, 0, 14, 0, 0, 0, 0, 0, 0, 0, 0, 0],
      capture.CAPTURE_BLOCK_SIZE,
      12,
      14,
    ],
    [
      'lengths that differ',
      patched(epb.length - 4, 1, 0, 0, 0),
      capture.CAPTURE_BLOCK_LENGTH,
      epb.length,
      1,
    ],
    [
      'an option longer than its block',
      packetBlock({ data: dns, flags: 1 }).map((byte, i, all) =>
        i === all.length - 14 ? 9 : byte,
      ),
      capture.CAPTURE_OPTION_LENGTH,
      9,
      8,
    ],
    ['an interface that is not there', patched(8, 7, 0, 0, 0), capture.CAPTURE_NO_INTERFACE, 7, 1],
    [
      'a packet longer than its block',
      patched(20, 200, 0, 0, 0),
      capture.CAPTURE_PACKET_LENGTH,
      200,
      epb.length - 32,
    ],
    [
      'a section without byte order',
      [...block(0x0a0d0d0a, Array<number>(16).fill(1))],
      capture.CAPTURE_BYTE_ORDER,
      0x1a2b3c4d,
      0x01010101,
    ],
    [
      'a needed block too long',
      [6, 0, 0, 0, 0, 0, 32, 0, 0, 0, 0, 0],
      capture.CAPTURE_BLOCK_TOO_LONG,
      0x200000,
      SLOT_HEADROOM_BYTES,
    ],
  ])('ends at %s', (_, bad, status, need, have) => {
    for (const chunk of [5, 1000]) {
      const decoded = read(file([...good], bad), chunk);
      expect(decoded).toMatchObject({ status, need, have, faultOffset: at });
      expect(decoded.frames).toHaveLength(1);
    }
  });

  it('does not trust option lengths', () => {
    const lying = block(1, [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 255, 255, 65, 66, 67, 68]);
    const decoded = read(file(sectionBlock(), lying, packetBlock(dns)));
    expect(decoded.frames).toHaveLength(0);
    expect(decoded).toMatchObject({
      ...{ status: capture.CAPTURE_OPTION_LENGTH, faultOffset: sectionBlock().length },
      ...{ need: 65_535, have: 4 },
    });
  });
});

describe('what is no capture', () => {
  it.each([
    ['nothing', [], capture.CAPTURE_EMPTY],
    ['three bytes', [0xd4, 0xc3, 0xb2], capture.CAPTURE_NOT_A_CAPTURE],
    ['text', [...new TextEncoder().encode('hello, world')], capture.CAPTURE_NOT_A_CAPTURE],
    ['half a file header', [...pcap([])].slice(0, 20), capture.CAPTURE_CUT],
  ])('%s', (_, bytes, status) => {
    expect(read(Uint8Array.from(bytes))).toMatchObject({ status, frames: [], faultOffset: 0 });
  });
});

describe('cut at every byte', () => {
  it.each([
    ['pcap', pcap([dns, { data: dns.slice(0, 20), length: 60 }, dns])],
    ['pcapng', pcapng([{ name: 'eth0', resolution: 6 }], [{ data: dns, flags: 1 }, dns, dns])],
  ])('%s', (_, bytes) => {
    const whole = read(bytes);
    expect(whole.status).toBe(capture.CAPTURE_OK);
    for (let length = 4; length < bytes.length; length++) {
      const cut = read(bytes.subarray(0, length));
      const kept = cut.frames.length;
      expect(cut.frames).toEqual(whole.frames.slice(0, kept));
      if (cut.status === capture.CAPTURE_OK) continue; // between two records
      expect(cut.status).toBe(capture.CAPTURE_CUT);
      expect(cut.faultOffset + cut.have).toBe(length);
      expect(cut.need).toBeGreaterThan(cut.have);
      const tiny = read(bytes.subarray(0, length), 3);
      expect({ ...tiny, core: 0 }).toEqual({ ...cut, core: 0 });
    }
  });
});
