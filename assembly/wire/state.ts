/**
 * What the front remembers from one slot to the next. Shared memory: whichever worker holds the
 * front's token reads and changes it, so every worker can run the next slot.
 */
import { FACT_COUNT } from '../abi-capture';
import { allocate } from '../memory';

/** An interface of the capture: a pcapng interface description, or a pcap file's only one. */
@unmanaged
export class Link {
  linkType: u32;
  snapLen: u32; // 0: no limit
  iface: u16; // Iface id that if_name stands for, or 0
  hasFineTime: u8; // time units that are no whole number of nanoseconds: see timeOf()
  timeIsPower2: u8; // units are 2^-timeExponent seconds, else 10^-timeExponent
  timeExponent: u32;
  timeScale: u64; // nanoseconds per unit, unless hasFineTime
  timeOffset: i64; // nanoseconds to add
}

export const LINK_CAPACITY_FIRST: u32 = 64;

/** 192 bytes of head; counters for the embedder's report follow (FACT_*, u64 each). */
@unmanaged
export class CaptureState {
  format: u32; // FORMAT_*
  swapped: u32; // 1: the current section's byte order is not ours
  recordHeader: u32; // pcap: bytes before each packet
  status: u32; // CAPTURE_*: nothing is decoded any more
  workers: u32; // 1: owners need not be chosen
  atIface: u16; // where frames that nothing else places came in or went out; 0: not given
  atDirection: u16; // DIRECTION_*, 0: not given
  links: u32; // Link array of the current section
  linkCount: u32;
  linkCapacity: u32;
  natRanges: u32; // list of NatRange that the embedder added
  defrag: u32; // Defrag
  overflow: u32; // list of OverflowBlock
  frames: u64; // read so far
  skip: u64; // bytes still to pass over of a block too long for a slot …
  skipTotal: u32; // … of so many
  lastTime: u64; // of the last packet: for blocks that carry no time
  lastIface: u32; // Iface id of the last packet
  belowFrom: u32; // u64 per interface id: first frame that came in below it, by a port or tagged
  innerFrom: u64; // number of the first frame that came in on a bridge or by a port; 0: none yet
  facts: u64; // first of FACT_COUNT counters
}

/** A new state for one capture, to be judged by `workers` workers; 0 when memory runs out. */
export function newCaptureState(workers: u32): usize {
  const at = allocate(offsetof<CaptureState>() + <usize>FACT_COUNT * 8);
  if (at == 0) return 0;
  const state = changetype<CaptureState>(at);
  const links = allocate(<usize>LINK_CAPACITY_FIRST * offsetof<Link>());
  if (links == 0) return 0;
  state.links = <u32>links;
  state.linkCapacity = LINK_CAPACITY_FIRST;
  state.workers = workers == 0 ? 1 : workers;
  return at;
}

/** Address of a counter of the report. */
@inline
export function factPtr(state: CaptureState, fact: u32): usize {
  return changetype<usize>(state) + offsetof<CaptureState>('facts') + <usize>fact * 8;
}

@inline
export function addFact(state: CaptureState, fact: u32, by: u64): void {
  const at = factPtr(state, fact);
  store<u64>(at, load<u64>(at) + by);
}

export function setFact(state: CaptureState, fact: u32, value: u64): void {
  store<u64>(factPtr(state, fact), value);
}

@inline
export function linkAt(state: CaptureState, index: u32): Link {
  return changetype<Link>(<usize>state.links + <usize>index * offsetof<Link>());
}

/** A further, zeroed interface of the current section; null (0) when memory runs out. */
export function addLink(state: CaptureState): Link {
  if (state.linkCount == state.linkCapacity) {
    const bigger = allocate(<usize>state.linkCapacity * 2 * offsetof<Link>());
    if (bigger == 0) return changetype<Link>(0);
    memory.copy(bigger, state.links, <usize>state.linkCount * offsetof<Link>());
    state.links = <u32>bigger;
    state.linkCapacity *= 2;
  }
  const link = linkAt(state, state.linkCount++);
  memory.fill(changetype<usize>(link), 0, offsetof<Link>());
  return link;
}

const NANOS: u64 = 1_000_000_000;

/** Prepares a link's clock: units of 10^-exponent or 2^-exponent seconds, seconds to add. */
export function setClock(link: Link, power2: bool, exponent: u32, offsetSec: i64): void {
  link.timeIsPower2 = power2 ? 1 : 0;
  link.timeExponent = exponent;
  link.timeOffset = offsetSec * <i64>NANOS;
  if (power2 || exponent > 9) {
    link.hasFineTime = 1;
  } else {
    let scale: u64 = 1;
    for (let i: u32 = exponent; i < 9; i++) scale *= 10;
    link.timeScale = scale;
  }
}

/** A timestamp in nanoseconds since the epoch; finer digits are cut off. */
@inline
export function timeOf(link: Link, units: u64): u64 {
  return (link.hasFineTime ? fineTime(link, units) : units * link.timeScale) + link.timeOffset;
}

function fineTime(link: Link, units: u64): u64 {
  let n = link.timeExponent;
  if (link.timeIsPower2) {
    if (n > 63) return 0;
    const seconds = units >> n;
    let part = units & ((<u64>1 << n) - 1);
    if (n > 34) {
      part >>= n - 34; // below the nanosecond, and the product below must fit
      n = 34;
    }
    return seconds * NANOS + ((part * NANOS) >> n);
  }
  let divisor: u64 = 1;
  for (let i: u32 = 9; i < n && i < 28; i++) divisor *= 10;
  return units / divisor;
}
