/** Drives an instance of the core over a capture in this thread; times decoding and judging. */
import { closeSync, openSync, readSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { SLOT_DATA_BYTES, STATUS_OK } from '../assembly/abi.ts';
import type { Compiled } from '../src/compile/compiled.ts';
import { compile } from '../src/compile/index.ts';
import { loadImage } from '../src/engine/image.ts';
import { coreModule, createMemory, instantiate } from '../src/engine/instance.ts';
import { SLOT } from '../src/engine/layout.ts';
import { interfaceNames } from '../src/engine/names.ts';
import { readHost } from '../src/host/index.ts';

/** One pass over the first packets of a capture. */
export interface Pass {
  readonly frames: number;
  readonly decodeMillis: number;
  readonly judgeMillis: number;
}

export async function compileHost(directory: string): Promise<Compiled> {
  return compile(await readHost(directory));
}

/**
 * Decodes, and with `judge` judges, about `frames` frames with a new instance. Reading the file and
 * setting up are not timed.
 */
export async function pass(
  compiled: Compiled,
  capture: string,
  frames: number,
  judge: boolean,
): Promise<Pass> {
  const instance = instantiate(await coreModule(), createMemory(), interfaceNames(compiled.host));
  const { core, heap } = instance;
  const { image, built } = loadImage(instance, compiled);
  const state = core.createCaptureState(1);
  const slots = [core.createSlot(0) >>> 0, core.createSlot(0) >>> 0] as const;
  const attached = core.attach(image, built, state, 0, 1, 0);
  if (attached !== STATUS_OK) throw new Error(`attach: status ${attached}`);
  const file = openSync(capture, 'r');
  let [done, decodeMillis, judgeMillis] = [0, 0, 0];
  try {
    for (let number = 0; done < frames; number++) {
      const slot = slots[number % 2] ?? 0;
      const data = heap.u32(slot + SLOT.data);
      const length = readSync(file, heap.bytes(data, SLOT_DATA_BYTES), 0, SLOT_DATA_BYTES, null);
      if (length === 0) break;
      heap.setU32(slot + SLOT.dataStart, data);
      heap.setU32(slot + SLOT.dataEnd, data + length);
      heap.setU32(slot + SLOT.last, 0);
      const start = performance.now();
      if (number > 0) core.carryTail(slots[(number + 1) % 2] ?? 0, slot);
      const fault = core.front(slot);
      const decoded = performance.now();
      if (fault !== STATUS_OK) throw new Error(`front: status ${fault}`);
      decodeMillis += decoded - start;
      if (judge) {
        const status = core.judge(slot);
        if (status !== STATUS_OK) throw new Error(`judge: status ${status}`);
        judgeMillis += performance.now() - decoded;
      }
      done += heap.u32(slot + SLOT.frameCount);
    }
  } finally {
    closeSync(file);
  }
  return { frames: done, decodeMillis, judgeMillis };
}
