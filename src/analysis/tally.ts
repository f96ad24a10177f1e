import type { Totals } from './result.ts';

export interface Tally {
  packets: number;
  bytes: number;
  connections: number;
}

export function emptyTally(): Tally {
  return { packets: 0, bytes: 0, connections: 0 };
}

export function add(tally: Tally, more: Totals): void {
  tally.packets += more.packets;
  tally.bytes += more.bytes;
  tally.connections += more.connections;
}

/** Totals under keys; missing ones start at zero. */
export class Tallies<Key> {
  readonly #tallies = new Map<Key, Tally>();

  add(key: Key, more: Totals): void {
    let tally = this.#tallies.get(key);
    if (tally === undefined) {
      tally = emptyTally();
      this.#tallies.set(key, tally);
    }
    add(tally, more);
  }

  get(key: Key): Totals {
    return this.#tallies.get(key) ?? emptyTally();
  }

  get size(): number {
    return this.#tallies.size;
  }

  entries(): [Key, Totals][] {
    return [...this.#tallies];
  }
}
