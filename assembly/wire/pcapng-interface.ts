/** Section headers and interface descriptions of pcapng files. */
import { IFACE_IN_CAPTURE } from '../abi';
import {
  CAPTURE_NO_MEMORY,
  CAPTURE_VERSION,
  FACT_INTERFACES,
  FACT_LINK_TYPE,
  FACT_LINK_TYPES_DIFFER,
  FACT_NANOSECONDS,
  FACT_SECTIONS,
} from '../abi-capture';
import { ifaceAt } from '../host';
import { Slot } from '../slot';
import { resolveInterface } from './imports';
import { BLOCK_TRAILER, half, INTERFACE_OPTIONS, SECTION_OPTIONS, word } from './pcapng-block';
import { areOptionsWhole, findOption, optionLength } from './pcapng-option';
import { addFact, addLink, CaptureState, factPtr, Link, setClock, setFact } from './state';
import { stop } from './walk';

const MAJOR: u32 = 1;
const IF_NAME: u32 = 2;
const IF_TSRESOL: u32 = 9;
const IF_TSOFFSET: u32 = 14;
const DEFAULT_RESOLUTION: u32 = 6;

/** A section header at `p`, `total` bytes. False: a fault. */
export function section(slot: Slot, state: CaptureState, p: usize, total: u32): bool {
  const major = half(p + 12, state.swapped);
  if (major != MAJOR) {
    stop(slot, state, p, CAPTURE_VERSION, MAJOR, major);
    return false;
  }
  const end = p + total - BLOCK_TRAILER;
  if (!areOptionsWhole(slot, state, p, p + SECTION_OPTIONS, end)) return false;
  state.linkCount = 0;
  addFact(state, FACT_SECTIONS, 1);
  return true;
}

/** An interface description at `p`, `total` bytes. False: a fault. */
export function describe(slot: Slot, state: CaptureState, p: usize, total: u32): bool {
  const options = p + INTERFACE_OPTIONS;
  const end = p + total - BLOCK_TRAILER;
  if (!areOptionsWhole(slot, state, p, options, end)) return false;
  const link = addLink(state);
  if (changetype<usize>(link) == 0) {
    stop(slot, state, p, CAPTURE_NO_MEMORY, 0, 0);
    return false;
  }
  const swapped = state.swapped;
  link.linkType = half(p + 8, swapped);
  link.snapLen = word(p + 12, swapped);
  let resolution: u32 = DEFAULT_RESOLUTION;
  const resol = findOption(options, end, IF_TSRESOL, swapped);
  if (resol != 0 && optionLength > 0) resolution = load<u8>(resol);
  let offset: i64 = 0;
  const tsoffset = findOption(options, end, IF_TSOFFSET, swapped);
  if (tsoffset != 0 && optionLength >= 8) {
    offset = load<i64>(tsoffset);
    if (swapped) offset = bswap<i64>(offset);
  }
  setClock(link, (resolution & 0x80) != 0, resolution & 0x7f, offset);
  const name = findOption(options, end, IF_NAME, swapped);
  if (name != 0) link.iface = <u16>resolveInterface(name, nameLength(name, optionLength));
  if (link.iface != 0) ifaceAt(link.iface).flags |= IFACE_IN_CAPTURE;
  noteLink(state, link);
  return true;
}

/** Names may be zero-terminated or padded with zeros. */
function nameLength(name: usize, length: u32): u32 {
  let n: u32 = 0;
  while (n < length && load<u8>(name + n) != 0) n++;
  return n;
}

/** Tells the report of a capture interface. */
export function noteLink(state: CaptureState, link: Link): void {
  const seen = load<u64>(factPtr(state, FACT_INTERFACES));
  if (seen == 0) setFact(state, FACT_LINK_TYPE, link.linkType);
  else if (load<u64>(factPtr(state, FACT_LINK_TYPE)) != <u64>link.linkType) {
    setFact(state, FACT_LINK_TYPES_DIFFER, 1);
  }
  if (link.hasFineTime || link.timeScale < 1000) setFact(state, FACT_NANOSECONDS, 1);
  setFact(state, FACT_INTERFACES, seen + 1);
}
