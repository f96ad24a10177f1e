/** Deflate in TypeScript: the same bytes as zlib's, and damage where zlib finds it. */
import { constants, deflateRawSync, inflateRawSync, type ZlibOptions } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Inflater } from '../../src/capture/inflate.ts';

const CONTENT = Buffer.from(
  Array.from({ length: 200_000 }, (_, i) => ((i * i) >> 3) & (i % 5000 < 2500 ? 255 : 7)),
);

function inflate(bytes: Uint8Array, piece = bytes.length): { output: Buffer; inflater: Inflater } {
  const inflater = new Inflater();
  for (let at = 0; at < bytes.length; at += piece) inflater.push(bytes.subarray(at, at + piece));
  return { output: Buffer.concat(inflater.output), inflater };
}

const WAYS: readonly ZlibOptions[] = [
  { level: 9 },
  { level: 1 },
  { level: 0 },
  { strategy: constants.Z_FIXED },
  { strategy: constants.Z_HUFFMAN_ONLY },
  { strategy: constants.Z_RLE },
];

describe.each(WAYS)('%o', (options) => {
  it.each([1_000_000, 1000, 7, 1])('in pieces of %i', (piece) => {
    const content = piece < 1000 ? CONTENT.subarray(0, 20_000) : CONTENT;
    const bytes = deflateRawSync(content, options);
    const { output, inflater } = inflate(Buffer.concat([bytes, Buffer.from('behind')]), piece);
    expect(output.equals(content)).toBe(true);
    expect(inflater).toMatchObject({ isOver: true, position: bytes.length });
  });
});

it('accepts and refuses what zlib does', () => {
  const good = WAYS.map((options) => deflateRawSync(CONTENT.subarray(0, 3000), options));
  const change = fc.tuple(fc.nat(1_000_000), fc.nat(255));
  let refused = 0;
  fc.assert(
    fc.property(fc.constantFrom(...good), fc.array(change, { maxLength: 3 }), (bytes, changes) => {
      const wrong = Buffer.from(bytes);
      for (const [at, value] of changes) wrong[at % wrong.length] = value;
      let expected: Buffer | undefined;
      try {
        expected = inflateRawSync(wrong, { finishFlush: constants.Z_SYNC_FLUSH });
      } catch {
        refused++;
        expect(() => inflate(wrong)).toThrow();
        expect(() => inflate(wrong, 5)).toThrow();
        return;
      }
      expect(inflate(wrong).output.equals(expected)).toBe(true);
      expect(inflate(wrong, 5).output.equals(expected)).toBe(true);
    }),
    { numRuns: 1000 },
  );
  expect(refused).toBeGreaterThan(100);
});
