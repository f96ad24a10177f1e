/**
 * Neighbours on bridges: which MAC an IP address has there. Some are in the snapshot (Docker's
 * containers); of the others the first frame that comes in from an address tells. As with fdb.ts,
 * entries say from which frame on they hold, so that no answer depends on how far the front is
 * ahead. Shared memory; one writer, readers without locks.
 */
import { FAMILY_V4, NEIGHBOUR_SIZE, SECTION_NEIGHBOUR } from '../abi';
import { ifaceAt, sectionCount, sectionPtr } from '../host';
import { Neighbour } from '../image';
import { allocate } from '../memory';

const BUCKETS: u32 = 1024;
const MAX_ENTRIES: u32 = 1 << 16; // forged source addresses are not learned past this
const CHUNK: u32 = 256; // entries

const SRC_V4: usize = 12; // in the IP header
const SRC_V6: usize = 8;

/** 48 bytes. */
@unmanaged
class Entry {
  low: u64; // address in image form: network order, IPv4 in the first four bytes
  high: u64;
  mac: u64;
  since: u64; // frame from which it is known
  bridge: u16;
  family: u16;
  next: u32;
  reserved: u64;
}

@unmanaged
class Neighbours {
  entries: u32;
  free: u32; // next unused Entry of the chunk
  freeEnd: u32;
  reserved: u32;
}

let shared: usize = 0;

export function createNeighbours(): usize {
  shared = allocate(64 + <usize>BUCKETS * 4);
  return shared;
}

export function attachNeighbours(at: usize): void {
  shared = at;
}

@inline
function bucketOf(bridge: u32, low: u64, high: u64): usize {
  const h = (low ^ rotl<u64>(high, 31) ^ bridge) * 0x9e3779b97f4a7c15;
  return shared + 64 + <usize>(<u32>(h >> 40) & (BUCKETS - 1)) * 4;
}

function find(bridge: u32, family: u32, low: u64, high: u64): usize {
  let at = <usize>atomic.load<u32>(bucketOf(bridge, low, high));
  while (at != 0) {
    const e = changetype<Entry>(at);
    const same = e.low == low && e.high == high;
    if (same && <u32>e.bridge == bridge && <u32>e.family == family) return at;
    at = e.next;
  }
  return 0;
}

/** Learns from frame `frame`, which came in on `port` from `mac`, who its sender is. */
export function neighbourLearn(
  port: u32,
  family: u32,
  l3: usize,
  mac: u64,
  frame: u64,
): void {
  const bridge = <u32>ifaceAt(port).master;
  if (shared == 0 || bridge == 0 || mac == 0 || mac & 1) return;
  const isV4 = family == FAMILY_V4;
  const low: u64 = isV4 ? <u64>load<u32>(l3, SRC_V4) : load<u64>(l3, SRC_V6);
  const high: u64 = isV4 ? 0 : load<u64>(l3, SRC_V6 + 8);
  if ((low | high) == 0 || find(bridge, family, low, high) != 0) return;
  const head = changetype<Neighbours>(shared);
  if (head.entries >= MAX_ENTRIES) return;
  if (head.free == head.freeEnd) {
    const chunk = allocate(<usize>CHUNK * offsetof<Entry>());
    if (chunk == 0) return;
    head.free = <u32>chunk;
    head.freeEnd = <u32>(chunk + <usize>CHUNK * offsetof<Entry>());
  }
  const e = changetype<Entry>(<usize>head.free);
  head.free += <u32>offsetof<Entry>();
  head.entries++;
  e.low = low;
  e.high = high;
  e.mac = mac;
  e.since = frame;
  e.bridge = <u16>bridge;
  e.family = <u16>family;
  const b = bucketOf(bridge, low, high);
  e.next = load<u32>(b);
  atomic.store<u32>(b, <u32>changetype<usize>(e)); // readers see a whole entry
}

/** MAC of the neighbour with the address at `image` on `iface` as of `frame`; 0: not known. */
export function neighbourMac(iface: u32, family: u32, image: usize, frame: u64): u64 {
  const list = sectionPtr(SECTION_NEIGHBOUR);
  const low = load<u64>(image);
  const high = load<u64>(image, 8);
  for (let k: u32 = 0; k < sectionCount(SECTION_NEIGHBOUR); k++) {
    const n = changetype<Neighbour>(list + <usize>k * NEIGHBOUR_SIZE);
    if (<u32>n.iface != iface || <u32>n.family != family) continue;
    const at = changetype<usize>(n);
    if (load<u64>(at, 16) != low || load<u64>(at, 24) != high) continue;
    const mac = at + offsetof<Neighbour>('mac0');
    return <u64>load<u32>(mac) | (<u64>load<u16>(mac, 4) << 32);
  }
  const found = find(iface, family, low, high);
  if (found == 0 || changetype<Entry>(found).since > frame) return 0;
  return changetype<Entry>(found).mac;
}
