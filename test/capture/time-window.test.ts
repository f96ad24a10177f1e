import { expect, test } from 'vitest';
import { type Packet, TimeWindow, WINDOW_BYTES } from '../../src/capture/time-window.ts';
import { Random } from '../oracle/random.ts';

const MILLISECOND = 1_000_000;

function packet(frame: number, millis: number, rank = 0, bytes = 4): Packet {
  return { frame, tsNanos: BigInt(millis * MILLISECOND), rank, block: new Uint8Array(bytes) };
}

function framesOf(packets: readonly Packet[]): number[] {
  return packets.map(({ frame }) => frame);
}

/** Numbers of the packets as they are handed out. */
function handedOut(packets: readonly Packet[]): number[] {
  const window = new TimeWindow();
  return framesOf([...packets.flatMap((one) => window.add(one)), ...window.takeAll()]);
}

test.each([1, 2, 3])('bursts come out in order of time, then rank, then file, seed %i', (seed) => {
  const random = new Random(seed);
  const packets = Array.from({ length: 5000 }, (_, i) =>
    packet(i + 1, 10 * i - 10 * random.int(0, 190), random.int(0, 1)),
  );
  const sorted = packets.toSorted(
    (a, b) => Number(a.tsNanos - b.tsNanos) || a.rank - b.rank || a.frame - b.frame,
  );
  expect(handedOut(packets)).toEqual(framesOf(sorted));
  expect(handedOut(packets)).not.toEqual(framesOf(packets));
});

test('what comes after the window is not put before what is out', () => {
  const late = packet(4, 1);
  expect(handedOut([packet(1, 0), packet(2, 10), packet(3, 9000), late])).toEqual([1, 2, 4, 3]);
  const window = new TimeWindow();
  expect(framesOf([1, 2, 3].flatMap((n) => window.add(packet(n, n * 5000))))).toEqual([1, 2]);
  expect(window.isEmpty).toBe(false);
});

test('a full window is emptied by half, whatever the time', () => {
  const window = new TimeWindow();
  const quarter = WINDOW_BYTES / 4;
  const out = [1, 2, 3, 4].map((n) => window.add(packet(n, 100 - n, 0, quarter)).length);
  expect(out).toEqual([0, 0, 0, 0]);
  expect(framesOf(window.add(packet(5, 90, 0, quarter)))).toEqual([5, 4, 3]);
  expect(framesOf(window.takeAll())).toEqual([2, 1]);
});
