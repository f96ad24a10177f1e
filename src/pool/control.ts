/**
 * The control words of one replay, in shared memory. All are changed with Atomics. EVENT is an
 * event count: whoever changes another word adds one to it and wakes all, and whoever waits read it
 * before looking at the words, so no wake-up is lost.
 *
 *     word 0 EVENT   1 STOP   2 TOKEN   3 FRONTED   4 END   5 FILLED   6 TAKEN   7 INPUT_END
 *     word 8 BYTES (u64)   10 FRAMES (u64)   12 FINE_FROM   13 READER   14 READ   15 ALL_READ
 *     word 16 … DONE[slot]   word 48 … CHUNK_LENGTH[chunk]   word 126 READ_BYTES (u64)
 *
 * Slots are numbered in the order of the capture: number s lives in ring slot s % slots, in lap
 * floor(s / slots). DONE[slot] counts consumers (workers, and the main thread when it reads
 * results) that are done with it and never goes back: slot number s may be filled when it is laps *
 * consumers.
 */
const EVENT = 0;
const STOP = 1;
const TOKEN = 2;
const FRONTED = 3;
const END = 4;
const FILLED = 5;
const TAKEN = 6;
const INPUT_END = 7;
const BYTES = 4; // of the 64-bit view
const FRAMES = 5;
const FINE_FROM = 12;
const READER = 13;
const READ = 14;
const ALL_READ = 15;
const DONE = 16;
const CHUNK_LENGTH = 48;
const READ_BYTES = 63; // of the 64-bit view

export const CONTROL_BYTES = 512;

/** Why everybody is to stop; 0: nobody is. */
export const STOP_ABORTED = 1;
export const STOP_FAILED = 2;
export const STOP_FINISHED = 3;
/** Frames stand behind later ones. */
export const STOP_DISORDER = 4;
/** Add a STATUS_* of the core. */
export const STOP_STATUS = 16;

export class Control {
  readonly #words: Int32Array;
  readonly #longs: BigInt64Array;
  readonly #slots: number;
  readonly #consumers: number;

  constructor(memory: WebAssembly.Memory, at: number, slots: number, consumers: number) {
    this.#words = new Int32Array(memory.buffer, at, CONTROL_BYTES / 4);
    this.#longs = new BigInt64Array(memory.buffer, at, CONTROL_BYTES / 8);
    this.#slots = slots;
    this.#consumers = consumers;
  }

  /** To be read before the words that a wait is about. */
  get event(): number {
    return Atomics.load(this.#words, EVENT);
  }

  #signal(): void {
    Atomics.add(this.#words, EVENT, 1);
    Atomics.notify(this.#words, EVENT);
  }

  /** Blocks the thread while nothing has changed since `event` was read. */
  wait(event: number): void {
    Atomics.wait(this.#words, EVENT, event);
  }

  /** The same for the main thread, which must not block. */
  async changed(event: number): Promise<void> {
    const waiting = Atomics.waitAsync(this.#words, EVENT, event);
    if (waiting.async) await waiting.value;
  }

  // --- stopping ------------------------------------------------------------------------------
  get stopped(): number {
    return Atomics.load(this.#words, STOP);
  }

  /** Asks everybody to stop; the first reason is the one that counts. */
  stop(reason: number): void {
    Atomics.compareExchange(this.#words, STOP, 0, reason);
    this.#signal();
  }

  // --- reading -------------------------------------------------------------------------------
  /** Number of slots whose bytes are there: slots below it may be decoded. */
  get read(): number {
    return Atomics.load(this.#words, READ);
  }

  /** Bytes that were read for all of them. */
  get readBytes(): number {
    return Number(Atomics.load(this.#longs, READ_BYTES));
  }

  /** Whether the last of them, which has no bytes, is the end of the capture. */
  get hasReadAll(): boolean {
    return Atomics.load(this.#words, ALL_READ) !== 0;
  }

  /** True when the caller now is the one that reads. */
  takeReader(): boolean {
    return Atomics.compareExchange(this.#words, READER, 0, 1) === 0;
  }

  /** Gives the reader's token back without anything read; wakes nobody, see returnToken(). */
  returnReader(): void {
    Atomics.store(this.#words, READER, 0);
  }

  /** Gives the reader's token back: `bytes` were read for slot number `slot`, 0 at the end. */
  publishRead(slot: number, bytes: number): void {
    Atomics.add(this.#longs, READ_BYTES, BigInt(bytes));
    if (bytes === 0) Atomics.store(this.#words, ALL_READ, 1);
    Atomics.store(this.#words, READ, slot + 1);
    Atomics.store(this.#words, READER, 0);
    this.#signal();
  }

  // --- the front -----------------------------------------------------------------------------
  /** Number of slots that are decoded: slots below it may be judged. */
  get fronted(): number {
    return Atomics.load(this.#words, FRONTED);
  }

  /** True when the caller now is the one that runs the front. */
  takeToken(): boolean {
    return Atomics.compareExchange(this.#words, TOKEN, 0, 1) === 0;
  }

  /**
   * Gives the token back without a new slot. Wakes nobody: what the front lacks (a free slot,
   * input) comes with an event of its own.
   */
  returnToken(): void {
    Atomics.store(this.#words, TOKEN, 0);
  }

  /** Gives the token back: slot number `slot` is decoded. */
  publish(slot: number, bytes: number, frames: number, isLast: boolean): void {
    Atomics.add(this.#longs, BYTES, BigInt(bytes));
    Atomics.add(this.#longs, FRAMES, BigInt(frames));
    if (isLast) Atomics.store(this.#words, END, slot + 1);
    Atomics.store(this.#words, FRONTED, slot + 1);
    Atomics.store(this.#words, TOKEN, 0);
    this.#signal();
  }

  /** Whether all slots before number `slot` are all there are. */
  isEnd(slot: number): boolean {
    const end = Atomics.load(this.#words, END);
    return end !== 0 && slot >= end;
  }

  /** From slot number `slot` on, times of the capture have more than microseconds. */
  setFineTimes(slot: number): void {
    Atomics.compareExchange(this.#words, FINE_FROM, 0, slot + 1);
  }

  hasFineTimes(slot: number): boolean {
    const from = Atomics.load(this.#words, FINE_FROM);
    return from !== 0 && slot + 1 >= from;
  }

  get bytes(): number {
    return Number(Atomics.load(this.#longs, BYTES));
  }

  get frames(): number {
    return Number(Atomics.load(this.#longs, FRAMES));
  }

  // --- slots ---------------------------------------------------------------------------------
  ring(slot: number): number {
    return slot % this.#slots;
  }

  /** Whether the ring slot of number `slot` is free for it. */
  isFree(slot: number): boolean {
    const laps = Math.floor(slot / this.#slots);
    return Atomics.load(this.#words, DONE + this.ring(slot)) === laps * this.#consumers;
  }

  /** Whether all but one of the consumers are done with slot number `slot`. */
  isJudged(slot: number): boolean {
    const laps = Math.floor(slot / this.#slots) + 1;
    return Atomics.load(this.#words, DONE + this.ring(slot)) === laps * this.#consumers - 1;
  }

  done(slot: number): void {
    Atomics.add(this.#words, DONE + this.ring(slot), 1);
    this.#signal();
  }

  // --- chunks --------------------------------------------------------------------------------
  get filled(): number {
    return Atomics.load(this.#words, FILLED);
  }

  get taken(): number {
    return Atomics.load(this.#words, TAKEN);
  }

  get inputEnded(): boolean {
    return Atomics.load(this.#words, INPUT_END) !== 0;
  }

  chunkLength(chunk: number): number {
    return Atomics.load(this.#words, CHUNK_LENGTH + chunk);
  }

  /** One more chunk is filled. */
  fill(chunk: number, length: number): void {
    Atomics.store(this.#words, CHUNK_LENGTH + chunk, length);
    Atomics.add(this.#words, FILLED, 1);
    this.#signal();
  }

  take(): void {
    Atomics.add(this.#words, TAKEN, 1);
    this.#signal();
  }

  endInput(): void {
    Atomics.store(this.#words, INPUT_END, 1);
    this.#signal();
  }
}
