import { expect, test } from 'vitest';
import { FileOrder } from '../../src/analysis/file-order.ts';
import type { PacketRecord } from '../../src/analysis/packet.ts';
import { FrameNumbers } from '../../src/capture/frame-numbers.ts';

function numbers(frames: readonly number[]): FrameNumbers {
  const all = new FrameNumbers();
  for (const frame of frames) all.push(frame);
  return all;
}

test('numbers are those of the file, across chunks', () => {
  const swapped = Array.from({ length: 200_000 }, (_, i) => (i % 2 === 0 ? i + 2 : i));
  const all = numbers(swapped);
  expect(all.length).toBe(200_000);
  for (const order of [1, 2, 65_535, 65_536, 65_537, 131_073, 200_000]) {
    expect(all.at(order)).toBe(swapped[order - 1]);
  }
});

test('records come out in the order of the file, as soon as they can', () => {
  const order = new FileOrder(numbers([3, 1, 2, 5, 4]));
  const record = (frame: number, of: number | null = null) => ({ frame, of }) as PacketRecord;
  expect(order.add([record(1), record(2)])).toEqual([{ frame: 1, of: null }]);
  expect(order.add([record(3, 2), record(4, 3)])).toEqual([
    { frame: 2, of: 1 },
    { frame: 3, of: null },
  ]);
  expect(order.add([record(5, 4)])).toEqual([
    { frame: 4, of: 5 },
    { frame: 5, of: 2 },
  ]);
});
