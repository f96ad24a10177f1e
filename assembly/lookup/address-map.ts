/**
 * A map from IPv4 addresses to values below 2^31. Ranges are painted one over the other, the whole
 * space is 0 before. At most three loads answer, one where no range ends nearby.
 *
 *     address   31 ─── 20 │ 19 ─── 10 │ 9 ─── 0
 *               root       node        node           4,096 and twice 1,024 entries, u32
 *
 * An entry is value << 1 for all addresses below it, or a node's address | 1.
 */
import { reserve } from './arena';

const ROOT_SHIFT: u32 = 20;
const STRIDE: u32 = 10;
const ROOT_BYTES: usize = 4 << (32 - ROOT_SHIFT);
const NODE_BYTES: usize = 4 << STRIDE;
const NODE_MASK: u32 = (1 << STRIDE) - 1;

/** A map in which every address has the value 0; 0: out of memory. */
export function newAddressMap(): usize {
  return reserve(ROOT_BYTES);
}

/**
 * Gives each address from `min` to `max` (host order, both painted) the bits of its value that are
 * in `keep`, and `bits`. False: out of memory.
 */
export function paint(map: usize, min: u32, max: u32, keep: u32, bits: u32): bool {
  return paintNode(map, ROOT_SHIFT, 0, min, max, keep << 1, bits << 1);
}

/** The same for what lies in a node, whose entries are 1 << `shift` addresses each from `base`. */
function paintNode(
  node: usize,
  shift: u32,
  base: u32,
  min: u32,
  max: u32,
  keep: u32,
  bits: u32,
): bool {
  const last = (max - base) >> shift;
  for (let i = (min - base) >> shift; i <= last; i++) {
    const at = node + (<usize>i << 2);
    const from = base + (i << shift);
    const to = from + ((1 << shift) - 1);
    let entry = load<u32>(at);
    if (!(entry & 1)) {
      if (min <= from && max >= to) {
        store<u32>(at, (entry & keep) | bits);
        continue;
      }
      entry = newNode(entry);
      if (entry == 0) return false;
      store<u32>(at, entry);
    }
    const low = min > from ? min : from;
    const high = max < to ? max : to;
    if (!paintNode(<usize>(entry ^ 1), shift - STRIDE, from, low, high, keep, bits)) return false;
  }
  return true;
}

/** A node that says `entry` of all its addresses, as an entry; 0: out of memory. */
function newNode(entry: u32): u32 {
  const node = reserve(NODE_BYTES);
  if (node == 0) return 0;
  for (let at = node; at < node + NODE_BYTES; at += 4) store<u32>(at, entry);
  return <u32>node | 1;
}

@inline
function entryAt(node: usize, index: u32): u32 {
  return load<u32>(node + (<usize>index << 2));
}

/** The value of an address (host order). Calls no function. */
@inline
export function valueOf(map: usize, address: u32): u32 {
  let entry = entryAt(map, address >> ROOT_SHIFT);
  if (entry & 1) {
    entry = entryAt(<usize>(entry ^ 1), (address >> STRIDE) & NODE_MASK);
    if (entry & 1) entry = entryAt(<usize>(entry ^ 1), address & NODE_MASK);
  }
  return entry >> 1;
}
