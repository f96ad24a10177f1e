import type { FrameNumbers } from '../capture/frame-numbers.ts';
import type { PacketRecord } from './packet.ts';

/**
 * Puts records of a capture that was replayed in the order of time back into the order of its file,
 * and numbers them as the file does. Holds those whose predecessors are not there yet.
 */
export class FileOrder {
  readonly #numbers: FrameNumbers;
  readonly #held = new Map<number, PacketRecord>();
  #next = 1;

  constructor(numbers: FrameNumbers) {
    this.#numbers = numbers;
  }

  /** Takes records in the order of the replay; returns those that are next in the file. */
  add(records: readonly PacketRecord[]): PacketRecord[] {
    for (const record of records) {
      const frame = this.#numbers.at(record.frame);
      const of = record.of === null ? null : this.#numbers.at(record.of);
      this.#held.set(frame, { ...record, frame, of });
    }
    const ready: PacketRecord[] = [];
    for (;;) {
      const record = this.#held.get(this.#next);
      if (record === undefined) return ready;
      this.#held.delete(this.#next++);
      ready.push(record);
    }
  }
}
