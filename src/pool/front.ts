import { FACT_DISORDER, FACT_NANOSECONDS } from '../../assembly/abi-capture.ts';
import type { Core } from '../engine/core.ts';
import type { Heap } from '../engine/heap.ts';
import { SLOT } from '../engine/layout.ts';
import { type Control, STOP_DISORDER } from './control.ts';
import { type Input, NOTHING_YET, openInput } from './input.ts';
import type { ReplayTask } from './protocol.ts';

/**
 * What comes before judging: a slot's bytes are read, then decoded. Both are done slot by slot,
 * each by one worker at a time, whoever finds its token free: while one decodes, another reads for
 * the next slots.
 */
export class Front {
  readonly #core: Core;
  readonly #heap: Heap;
  readonly #control: Control;
  readonly #slots: readonly number[];
  readonly #capture: number;
  readonly #checkOrder: boolean;
  readonly #input: Input;

  constructor(core: Core, heap: Heap, control: Control, task: ReplayTask) {
    this.#core = core;
    this.#heap = heap;
    this.#control = control;
    this.#slots = task.slots;
    this.#capture = task.capture;
    this.#checkOrder = task.checkOrder;
    this.#input = openInput(task.input, heap, control);
  }

  /** Reads for the next slot, if nobody else does, it is free and there is input. True: done. */
  read(): boolean {
    const control = this.#control;
    if (!control.takeReader()) return false;
    const number = control.read;
    const length = this.#fill(number);
    if (length === NOTHING_YET) control.returnReader();
    else control.publishRead(number, length);
    return length !== NOTHING_YET;
  }

  #fill(number: number): number {
    const control = this.#control;
    if (control.hasReadAll || !control.isFree(number)) return NOTHING_YET;
    const slot = this.#slot(number);
    const data = this.#heap.u32(slot + SLOT.data);
    const offset = control.readBytes;
    const length = this.#input.read(data, offset);
    if (length === NOTHING_YET) return length;
    this.#heap.setU32(slot + SLOT.dataStart, data);
    this.#heap.setU32(slot + SLOT.dataEnd, data + length);
    this.#heap.setU64(slot + SLOT.fileOffset, BigInt(offset));
    this.#heap.setU32(slot + SLOT.last, length === 0 ? 1 : 0);
    return length;
  }

  /** Decodes the next slot, if nobody else does and its bytes were read. True: done. */
  decode(): boolean {
    const control = this.#control;
    if (control.read === control.fronted || !control.takeToken()) return false;
    const number = control.fronted;
    if (control.isEnd(number) || control.read === number) {
      control.returnToken();
      return false;
    }
    const heap = this.#heap;
    const slot = this.#slot(number);
    const length = heap.u32(slot + SLOT.dataEnd) - heap.u32(slot + SLOT.dataStart);
    if (number > 0) this.#core.carryTail(this.#slot(number - 1), slot);
    const status = this.#core.front(slot);
    if (this.#has(FACT_NANOSECONDS)) control.setFineTimes(number);
    if (this.#checkOrder && this.#has(FACT_DISORDER)) control.stop(STOP_DISORDER);
    const isLast = status !== 0 || length === 0;
    control.publish(number, length, heap.u32(slot + SLOT.frameCount), isLast);
    return true;
  }

  #slot(number: number): number {
    return this.#slots[this.#control.ring(number)] ?? 0;
  }

  #has(fact: number): boolean {
    return this.#core.captureFact(this.#capture, fact) !== 0n;
  }
}
