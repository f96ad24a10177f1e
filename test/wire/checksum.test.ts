/** Transport checksums as connection tracking verifies them. */

import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { CAPTURE_MAX_PACKET } from '../../assembly/abi-capture.ts';
import { compileFront, Front } from './harness.ts';
import { addressBytes, DOCKER_HOST } from './image.ts';
import { type Bytes, be16, be32, checksum, icmp, ipv4, ipv6, tcp, udp } from './packets.ts';

let front: Front;
beforeAll(async () => {
  front = new Front(await compileFront(), DOCKER_HOST);
});

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMPV6 = 58;
const SCTP = 132;
const UDPLITE = 136;
const CHECK_AT: Readonly<Record<number, number>> = { 1: 2, 6: 16, 17: 6, 58: 2, 136: 6 };

const pseudo = (family: number, proto: number, length: number): Bytes =>
  family === 4
    ? [
        ...addressBytes('8.8.8.8').subarray(0, 4),
        ...addressBytes('192.168.1.10').subarray(0, 4),
        ...[0, proto],
        ...be16(length),
      ]
    : [
        ...addressBytes('2001:db8::1'),
        ...addressBytes('2001:db8::10'),
        ...be32(length),
        ...be32(proto),
      ];

function withCheck(segment: Bytes, at: number, value: number): Bytes {
  const copy = [...segment];
  copy[at] = value >> 8;
  copy[at + 1] = value & 255;
  return copy;
}

/** The segment with its checksum filled in; `covered` bytes of it. */
function sealed(family: number, proto: number, segment: Bytes, covered = segment.length): Bytes {
  const at = CHECK_AT[proto] ?? 0;
  const head =
    proto === ICMP ? [] : pseudo(family, proto === UDPLITE ? UDP : proto, segment.length);
  const body = withCheck(segment, at, 0).slice(0, covered);
  return withCheck(segment, at, checksum([...head, ...body]));
}

function isOk(family: number, proto: number, segment: Bytes, cap = segment.length): boolean {
  const header = family === 4 ? ipv4({ proto }) : ipv6({ next: proto });
  const l3 = front.put(Uint8Array.from([...header, ...segment]));
  return front.core.checksumOk(family, proto, l3, header.length, cap, segment.length) !== 0;
}

const flipped = (segment: Bytes, i: number): Bytes =>
  segment.map((byte, k) => (k === i ? byte ^ 0x10 : byte));

describe.each([
  ['TCP', 4, TCP, tcp(1, 2, 0x18, [1, 2, 3])],
  ['UDP', 4, UDP, udp(1, 2, [1, 2, 3])],
  ['ICMP', 4, ICMP, icmp(8, 0, [0, 1, 0, 2, 3])],
  ['UDP-Lite', 4, UDPLITE, udp(1, 2, [1, 2, 3])],
  ['TCP in IPv6', 6, TCP, tcp(1, 2, 0x18, [1, 2, 3])],
  ['UDP in IPv6', 6, UDP, udp(1, 2, [1, 2, 3])],
  ['ICMPv6', 6, ICMPV6, icmp(128, 0, [0, 1, 0, 2, 3])],
])('%s', (_, family, proto, segment) => {
  it('right and wrong', () => {
    const good = sealed(family, proto, segment);
    expect(isOk(family, proto, good)).toBe(true);
    for (let i = 0; i < good.length; i++) {
      if (proto === UDPLITE && (i === 4 || i === 5)) continue; // its coverage
      expect(isOk(family, proto, flipped(good, i))).toBe(false);
    }
  });

  it('snapped counts as right', () => {
    const good = sealed(family, proto, segment);
    expect(isOk(family, proto, flipped(good, 0), good.length - 1)).toBe(true);
  });

  it('too short for a checksum is judged elsewhere', () => {
    const at = CHECK_AT[proto] ?? 0;
    for (let length = 0; length < at + 2; length++) {
      expect(isOk(family, proto, segment.slice(0, length))).toBe(true);
    }
  });

  it('any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (payload) => {
        const good = sealed(family, proto, [...segment.slice(0, 20), ...payload]);
        const length = proto === UDPLITE ? sealed(family, proto, withCheck(good, 4, 0)) : good;
        expect(isOk(family, proto, length)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

it('UDP without a checksum is right', () => {
  expect(isOk(4, UDP, udp(1, 2, [9]))).toBe(true);
  expect(isOk(6, UDP, udp(1, 2, [9]))).toBe(true);
});

it('UDP-Lite covers what it says', () => {
  const segment = withCheck(udp(1, 2, [1, 2, 3, 4, 5, 6]), 4, 10);
  const good = sealed(4, UDPLITE, segment, 10);
  expect(isOk(4, UDPLITE, good)).toBe(true);
  expect(isOk(4, UDPLITE, flipped(good, 12))).toBe(true);
  expect(isOk(4, UDPLITE, flipped(good, 9))).toBe(false);
  expect(isOk(4, UDPLITE, withCheck(good, 4, 7))).toBe(false);
  expect(isOk(4, UDPLITE, withCheck(good, 4, 15))).toBe(false);
  expect(isOk(4, UDPLITE, withCheck(good, 6, 0))).toBe(false);
});

it('a checksum left to hardware is right', () => {
  for (const [family, proto, segment] of [
    [4, TCP, tcp(1, 2, 2)],
    [6, TCP, tcp(1, 2, 2)],
    [4, UDP, udp(1, 2, [5])],
  ] as const) {
    const partial = ~checksum(pseudo(family, proto, segment.length)) & 0xffff;
    expect(isOk(family, proto, withCheck(segment, CHECK_AT[proto] ?? 0, partial))).toBe(true);
    expect(isOk(family, proto, withCheck(segment, CHECK_AT[proto] ?? 0, partial ^ 1))).toBe(false);
  }
});

it('long segments, longer than 16-bit lengths', () => {
  const payload = Array.from({ length: 200_001 }, (_, i) => (i * 7) & 255);
  const good = sealed(6, TCP, tcp(1, 2, 16, payload));
  expect(isOk(6, TCP, good)).toBe(true);
  expect(isOk(6, TCP, flipped(good, 150_000))).toBe(false);
});

it('the longest packet there can be', () => {
  const payload = CAPTURE_MAX_PACKET - 60; // behind the headers of IPv6 and TCP
  const good = sealed(6, TCP, tcp(1, 2, 16, Array<number>(payload).fill(255)));
  expect(isOk(6, TCP, good)).toBe(true);
});

describe('SCTP', () => {
  // RFC 3720 B.4: CRC-32C of 32 bytes of zeros is 0x8a9136aa
  it('CRC-32C', () => {
    const zeros = Array<number>(32).fill(0);
    const good = zeros.map((byte, i) => [0xaa, 0x36, 0x91, 0x8a][i - 8] ?? byte);
    expect(isOk(4, SCTP, good)).toBe(true);
    expect(isOk(4, SCTP, zeros)).toBe(false);
    expect(isOk(4, SCTP, flipped(good, 30))).toBe(false);
  });
});

it('other protocols have none', () => {
  expect(isOk(4, 47, [1, 2, 3, 4])).toBe(true);
});
