import type { Heap } from '../engine/heap.ts';
import type { Control } from './control.ts';

/**
 * Looks at a judged slot (its address); the slot is used again when it is done. `fineTimes`: the
 * capture has more than microseconds.
 */
export type SlotReader = (slot: number, heap: Heap, fineTimes: boolean) => void | Promise<void>;

/** Hands every slot to `reader`, in order, when all workers are done with it. */
export async function readResults(
  reader: SlotReader,
  slots: readonly number[],
  heap: Heap,
  control: Control,
): Promise<void> {
  for (let slot = 0; ; slot++) {
    for (;;) {
      const event = control.event;
      if (control.stopped !== 0 || control.isEnd(slot)) return;
      if (control.isJudged(slot)) break;
      await control.changed(event);
    }
    await reader(slots[control.ring(slot)] ?? 0, heap, control.hasFineTimes(slot));
    control.done(slot);
  }
}
