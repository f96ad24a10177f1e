/** The offsets that the embedder uses are those that the core's compiler chose. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { beforeAll, describe, expect, test } from 'vitest';
import { FRAME_RECORD_SIZE, RESULT_RECORD_SIZE, TRAVERSAL_SIZE } from '../../assembly/abi.ts';
import { FRAME, RESULT, SLOT, TRAVERSAL } from '../../src/engine/layout.ts';

type OffsetOf = (field: number) => number;

let core: Record<'slot' | 'frame' | 'result' | 'traversal', OffsetOf>;

beforeAll(async () => {
  const dir = mkdtempSync(join(tmpdir(), 'dockfw-layout-'));
  try {
    const out = join(dir, 'layout.wasm');
    const { error, stderr } = await asc.main([
      fileURLToPath(new URL('layout.entry.ts', import.meta.url)),
      ...['--config', join(dir, 'none.json'), '--runtime', 'stub', '--outFile', out],
    ]);
    if (error) throw new Error(stderr.toString());
    const { instance } = await WebAssembly.instantiate(readFileSync(out), {});
    core = instance.exports as unknown as typeof core;
  } finally {
    rmSync(dir, { recursive: true });
  }
});

describe.each([
  ['slot', SLOT, undefined],
  ['frame', FRAME, FRAME_RECORD_SIZE],
  ['result', RESULT, RESULT_RECORD_SIZE],
  ['traversal', TRAVERSAL, TRAVERSAL_SIZE],
] as const)('%s', (name, layout, size) => {
  test.each(Object.entries(layout).map(([field, offset], i) => ({ field, offset, i })))(
    '$field is at $offset',
    ({ offset, i }) => {
      expect(core[name](i)).toBe(offset);
    },
  );

  test('size', () => {
    if (size !== undefined) expect(core[name](-1)).toBeLessThanOrEqual(size);
  });
});
