/**
 * Any bytes: the front never traps, says the same in slots of any size, and stays within bounds.
 */
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { captureFiles, hasData } from './data.ts';
import { compileFront, type Decoded, decode } from './harness.ts';
import { DOCKER_HOST } from './image.ts';
import { ethernet, icmp, ipv4, ipv6, pcap, pcapng, tcp, udp } from './packets.ts';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileFront();
});

const LINK_TYPES = [0, 1, 12, 14, 101, 108, 113, 228, 229, 276, 105];

function check(bytes: Uint8Array, chunk: number): Decoded {
  const whole = decode(module, DOCKER_HOST, bytes, { workers: 3 });
  const parts = decode(module, DOCKER_HOST, bytes, { workers: 3, chunk });
  expect({ ...parts, core: 0 }).toEqual({ ...whole, core: 0 });
  for (const frame of whole.frames) {
    expect(frame.owner).toBeLessThan(3);
    expect(frame.iface).toBeLessThanOrEqual(DOCKER_HOST.interfaces.length);
    expect(frame.direction).toBeLessThanOrEqual(2);
    expect(frame.pktType).toBeLessThanOrEqual(4);
    if (frame.fault !== 0) continue;
    expect(frame.capLen).toBeLessThanOrEqual(frame.ipLen);
    expect(frame.l4Off).toBeLessThanOrEqual(frame.ipLen);
    expect([4, 6]).toContain(frame.family);
  }
  if (whole.status !== 0) {
    expect(whole.faultOffset).toBeGreaterThanOrEqual(0);
    expect(whole.faultOffset).toBeLessThanOrEqual(bytes.length);
  }
  return whole;
}

const chunk = fc.integer({ min: 1, max: 300 });
const packet = fc.oneof(
  fc.uint8Array({ maxLength: 120 }).map((bytes) => [...bytes]),
  fc
    .record({
      proto: fc.constantFrom(1, 6, 17, 58, 132, 47),
      frag: fc.constantFrom(0, 0x2000, 0x2001, 1, 0x4000, 5),
      id: fc.nat(3),
      payload: fc.oneof(
        fc.constant(tcp(1, 2, 16, [1, 2, 3])),
        fc.constant(udp(1, 2)),
        fc.constant(icmp(3, 1, [0, 0, 0, 0, ...ipv4({ payload: udp(1, 2) })])),
        fc.uint8Array({ maxLength: 40 }).map((bytes) => [...bytes]),
      ),
    })
    .map((fields) => ipv4(fields)),
  fc
    .record({
      next: fc.constantFrom(0, 6, 17, 43, 44, 51, 58, 59, 60),
      payload: fc.uint8Array({ maxLength: 80 }).map((bytes) => [...bytes]),
    })
    .map((fields) => ipv6(fields)),
);
const frame = fc.oneof(
  packet,
  packet.map((bytes) => ethernet(bytes)),
  packet.map((bytes) => ethernet(bytes, { tags: [[0x8100, 3]] })),
);

it('random bytes behind a magic number', () => {
  const magics = [pcap([]), pcapng([{ name: 'eth0' }], []), Uint8Array.of()];
  fc.assert(
    fc.property(fc.constantFrom(...magics), fc.uint8Array({ maxLength: 400 }), chunk, (m, b, c) => {
      check(Uint8Array.from([...m, ...b]), c);
    }),
    { numRuns: 150 },
  );
});

it('random packets on every link type', () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 8 }),
      fc.constantFrom(...LINK_TYPES),
      chunk,
      (frames, linkType, c) => {
        const decoded = check(pcap(frames, { linkType }), c);
        expect(decoded.frames).toHaveLength(frames.length);
      },
    ),
    { numRuns: 250 },
  );
});

it('captures with bytes changed', () => {
  const good = pcapng(
    [{ name: 'eth0', resolution: 9 }, { name: 'veth1' }],
    [
      { data: ethernet(ipv4({ payload: udp(1, 2) })), flags: 1 },
      { data: ethernet(ipv6({ next: 6, payload: tcp(1, 2, 2) })), iface: 1, flags: 1 },
      { data: ethernet(ipv4({ frag: 0x2000, payload: udp(1, 2) })), flags: 1 },
    ],
  );
  const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), chunk, (changes, c) => {
      const bytes = good.slice();
      for (const [at, value] of changes) bytes[at] = value;
      check(bytes, c);
    }),
    { numRuns: 250 },
  );
});

describe.skipIf(!hasData)('real captures with bytes changed', () => {
  const files = captureFiles().filter((file) => !/\.(gz|zst)$/.test(file));
  it.each(files)('%s', (file) => {
    const start = readFileSync(file).subarray(0, 4000);
    const change = fc.tuple(fc.integer({ min: 4, max: start.length - 1 }), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 10 }), (changes) => {
        const bytes = Uint8Array.from(start);
        for (const [at, value] of changes) bytes[at] = value;
        check(bytes, 200);
      }),
      { numRuns: 8 },
    );
  });
});
