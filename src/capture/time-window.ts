/** A packet as it stands in a pcapng file. */
export interface Packet {
  readonly tsNanos: bigint;
  /** Breaks ties: the kernel stamps a packet once, when it comes in by a bridge's port. */
  readonly rank: number;
  /** 1-based number in the file. */
  readonly frame: number;
  readonly block: Uint8Array;
}

/** Bursts are some hundred milliseconds long; frames later than this keep their order. */
const WINDOW_NANOS = 2_000_000_000n;
export const WINDOW_BYTES = 64 * 1024 * 1024;

/** Puts packets in order of time: holds those of the last two seconds, or 64 MiB. */
export class TimeWindow {
  #held: Packet[] = [];
  #heldBytes = 0;
  #sorted = true;
  #newest = 0n;
  /** When the newest is as late as this, see what can be handed out. */
  #releaseAt = 0n;

  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  /**
   * Takes a packet in and hands out those before which nothing is expected any more, now and then.
   * When, packets alone decide, not the pieces in which they are read: garbage for a time must not
   * be sorted one way here, another there.
   */
  add(packet: Packet): Packet[] {
    if (packet.tsNanos <= this.#newest) this.#sorted = false;
    else this.#newest = packet.tsNanos;
    this.#held.push(packet);
    this.#heldBytes += packet.block.length;
    const isFull = this.#heldBytes > WINDOW_BYTES;
    if (!isFull && this.#newest < this.#releaseAt) return [];
    this.#releaseAt = this.#newest + WINDOW_NANOS / 8n;
    return this.#take(this.#newest - WINDOW_NANOS, isFull ? WINDOW_BYTES / 2 : WINDOW_BYTES);
  }

  /** Hands out all, in order. */
  takeAll(): Packet[] {
    return this.#take(this.#newest, WINDOW_BYTES);
  }

  /** What is not later than `until`, and what is more than `mostBytes`. */
  #take(until: bigint, mostBytes: number): Packet[] {
    if (!this.#sorted) {
      this.#held.sort((a, b) =>
        a.tsNanos < b.tsNanos
          ? -1
          : a.tsNanos > b.tsNanos
            ? 1
            : a.rank - b.rank || a.frame - b.frame,
      );
      this.#sorted = true;
    }
    let n = 0;
    for (const { tsNanos, block } of this.#held) {
      if (tsNanos > until && this.#heldBytes <= mostBytes) break;
      this.#heldBytes -= block.length;
      n++;
    }
    return this.#held.splice(0, n);
  }
}
