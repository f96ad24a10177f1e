/**
 * Forwarding databases of the bridges: which port a MAC address is behind. The front learns from
 * frames while workers still judge earlier ones, so an entry that moves is not overwritten: a newer
 * entry with the frame number of the move is put before it, and a look-up says for which frame it
 * asks. Shared memory; one writer (whoever runs the front), readers without locks.
 */
import { FDB_SIZE, IFACE_PORT, SECTION_FDB } from '../abi';
import { ifaceAt, ifaceCount, sectionCount, sectionPtr } from '../host';
import { FdbEntry, Iface } from '../image';
import { allocate } from '../memory';
import { attachNeighbours, createNeighbours } from './neighbour';

const BUCKETS: u32 = 4096;
const MAX_ENTRIES: u32 = 1 << 20; // a flood of forged source addresses is not learned past this

/** 32 bytes. */
@unmanaged
class Entry {
  mac: u64; // low 48 bits, as loaded
  since: u64; // frame from which it holds
  bridge: u16;
  port: u16; // the bridge itself: local
  permanent: u32;
  next: u32;
  reserved: u32;
}

/** Shared state: 64-byte head, then the buckets. */
@unmanaged
class Fdb {
  entries: u32;
  neighbours: u32; // see neighbour.ts
  free: u32; // next unused Entry of the chunk
  freeEnd: u32;
}

let fdb: usize = 0;

@inline
function bucketOf(bridge: u32, mac: u64): usize {
  const h = (mac ^ (<u64>bridge << 48)) * 0x9e3779b97f4a7c15;
  return fdb + 64 + <usize>(<u32>(h >> 40) & (BUCKETS - 1)) * 4;
}

@inline
export function macAt(ptr: usize): u64 {
  return <u64>load<u32>(ptr) | (<u64>load<u16>(ptr, 4) << 32);
}

function add(bridge: u32, port: u32, mac: u64, since: u64, permanent: u32): void {
  const head = changetype<Fdb>(fdb);
  if (head.entries >= MAX_ENTRIES) return;
  if (head.free == head.freeEnd) {
    const chunk = allocate(1024 * offsetof<Entry>());
    if (chunk == 0) return;
    head.free = <u32>chunk;
    head.freeEnd = <u32>(chunk + 1024 * offsetof<Entry>());
  }
  const e = changetype<Entry>(<usize>head.free);
  head.free += <u32>offsetof<Entry>();
  head.entries++;
  e.mac = mac;
  e.since = since;
  e.bridge = <u16>bridge;
  e.port = <u16>port;
  e.permanent = permanent;
  const b = bucketOf(bridge, mac);
  e.next = load<u32>(b);
  atomic.store<u32>(b, <u32>changetype<usize>(e)); // readers see a whole entry
}

/** Builds the shared database from the image; returns it, or 0 when memory runs out. */
export function createFdb(): usize {
  fdb = allocate(64 + <usize>BUCKETS * 4);
  const neighbours = createNeighbours();
  if (fdb == 0 || neighbours == 0) return 0;
  changetype<Fdb>(fdb).neighbours = <u32>neighbours;
  for (let id: u32 = 1; id <= ifaceCount(); id++) {
    const i = ifaceAt(id);
    const mac = macAt(changetype<usize>(i) + offsetof<Iface>('mac0'));
    if (i.master != 0) {
      if (mac != 0) add(i.master, i.master, mac, 0, 1); // a port's own address is local
    } else if (mac != 0) {
      add(id, id, mac, 0, 1);
    }
  }
  const fdbEntries = sectionPtr(SECTION_FDB);
  for (let k: u32 = 0; k < sectionCount(SECTION_FDB); k++) {
    const e = changetype<FdbEntry>(fdbEntries + <usize>k * FDB_SIZE);
    const mac = macAt(changetype<usize>(e) + offsetof<FdbEntry>('mac0'));
    if (mac & 1) continue; // groups are flooded
    if (fdbPort(e.bridge, mac, 0) == 0) add(e.bridge, e.port, mac, 0, e.permanent);
  }
  return fdb;
}

export function attachFdb(shared: usize): void {
  fdb = shared;
  attachNeighbours(changetype<Fdb>(shared).neighbours);
}

/** Port behind which `mac` is as of `frame`: a port, the bridge itself (local), or 0 (flood). */
export function fdbPort(bridge: u32, mac: u64, frame: u64): u32 {
  let e = changetype<Entry>(<usize>atomic.load<u32>(bucketOf(bridge, mac)));
  while (changetype<usize>(e) != 0) {
    if (e.mac == mac && <u32>e.bridge == bridge && e.since <= frame) return e.port;
    e = changetype<Entry>(<usize>e.next);
  }
  return 0;
}

/** Learns that the frame numbered `frame`, from the address at `mac`, came in on `port`. */
export function fdbLearn(port: u32, mac: usize, frame: u64): void {
  if (fdb == 0) return;
  const iface = ifaceAt(port);
  if (iface.kind != IFACE_PORT) return;
  const address = macAt(mac);
  if (address & 1 || address == 0) return; // groups are no source
  const bridge = <u32>iface.master;
  let e = changetype<Entry>(<usize>load<u32>(bucketOf(bridge, address)));
  while (changetype<usize>(e) != 0) {
    if (e.mac == address && <u32>e.bridge == bridge) {
      if (<u32>e.port != port && (e.permanent == 0 || <u32>e.port != bridge)) {
        add(bridge, port, address, frame, 0);
      }
      return;
    }
    e = changetype<Entry>(<usize>e.next);
  }
  add(bridge, port, address, frame, 0);
}
