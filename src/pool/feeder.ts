import { SLOT_DATA_BYTES } from '../../assembly/abi.ts';
import type { CaptureSource } from '../capture/source.ts';
import type { Heap } from '../engine/heap.ts';
import type { Control } from './control.ts';

/** Fills chunks from a source until it ends or the replay stops. */
export async function feed(
  source: CaptureSource,
  chunks: readonly number[],
  heap: Heap,
  control: Control,
): Promise<void> {
  for (let n = 0; ; n++) {
    for (;;) {
      const event = control.event;
      if (control.stopped !== 0) return;
      if (n - control.taken < chunks.length) break;
      await control.changed(event);
    }
    const index = n % chunks.length;
    const chunk = heap.bytes(chunks[index] ?? 0, SLOT_DATA_BYTES);
    const length = await fill(source, chunk, control);
    if (length > 0) control.fill(index, length);
    if (length < SLOT_DATA_BYTES) return control.endInput();
  }
}

/** Bytes read: fewer than asked for at the end of the source only. */
async function fill(source: CaptureSource, into: Uint8Array, control: Control): Promise<number> {
  let at = 0;
  while (at < into.length && control.stopped === 0) {
    const length = await source.read(into.subarray(at));
    if (length === 0) break;
    at += length;
  }
  return at;
}
