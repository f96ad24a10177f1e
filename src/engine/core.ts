/**
 * The exports of the core. Pointers are byte offsets into the shared memory; 0 is "none" and, where
 * a pointer is returned, "out of memory" unless said otherwise. Layouts are in layout.ts, codes in
 * assembly/abi.ts.
 */
export interface Core {
  /**
   * To be called first in a memory that has served another replay, when nobody uses it any more.
   */
  renew(): void;
  /** Address of zeroed bytes, 64-byte aligned, for good. */
  alloc(bytes: number): number;
  /** Checks an image and builds its decision tables, to be attached by every worker; 0: refused. */
  loadImage(image: number): number;
  /** What the front remembers of a capture; owners are chosen among `workers`. */
  createCaptureState(workers: number): number;
  /** Says where frames of a capture belong that nothing else places: interface, DIRECTION_*. */
  setAt(state: number, iface: number, direction: number): void;
  /**
   * Adds addresses that NAT may change: `min` and `max` are addresses of 16 bytes; 0: no memory.
   */
  addCaptureNatRange(state: number, family: number, min: number, max: number): number;
  /** A slot of the ring; `withResults` (0 or 1) gives it room for one ResultRecord per frame. */
  createSlot(withResults: number): number;
  /** Makes this instance worker number `worker` (0-based) of `workers`. Returns a STATUS_*. */
  attach(
    image: number,
    built: number,
    capture: number,
    worker: number,
    workers: number,
    withResults: number,
  ): number;
  /** Copies what `from` left undecoded into the headroom of `to`. */
  carryTail(from: number, to: number): void;
  /** Decodes a slot; one instance at a time, slots in order. Returns a CAPTURE_* status. */
  front(slot: number): number;
  /** Judges this worker's frames of a decoded slot. Returns a STATUS_*. */
  judge(slot: number): number;
  /** Ends this worker's part: expands traversals into counters. Call once. */
  finish(): void;
  /** {u64 packets, u64 bytes} per counter id. */
  countersPtr(): number;
  /** u64 per STAT_*. */
  statsPtr(): number;
  traversalCount(): number;
  traversalAt(index: number): number;
  differenceCount(): number;
  differenceAt(index: number): number;
  /** A FACT_* of the capture. */
  captureFact(state: number, fact: number): bigint;
}

/** What the core asks of its embedder. */
export interface CoreImports {
  readonly memory: WebAssembly.Memory;
  /** Interface id of the UTF-8 name at `ptr`; 0: not an interface of the host. */
  resolveInterface(ptr: number, len: number): number;
  /** Interface id of the kernel's interface index, or 0. */
  resolveIfindex(ifindex: number): number;
}
