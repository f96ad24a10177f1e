/** Link addresses: which interface has one, and behind which one a neighbour's is. */
import {
  FDB_SIZE,
  IFACE_LOOPBACK,
  IFACE_PORT,
  NEIGHBOUR_SIZE,
  SECTION_FDB,
  SECTION_NEIGHBOUR,
} from '../abi';
import { ifaceAt, ifaceCount, sectionCount, sectionPtr } from '../host';
import { FdbEntry, Iface, Neighbour } from '../image';
import { allocate } from '../memory';

export const MAC_KEY: u64 = 0x9e3779b97f4a7c15;

let macs: usize = 0; // {u64 mac, u16 own, u16 behind}: 16 bytes, open addressing, mac 0 is free
let macMask: u32 = 0;

@inline
export function macAt(ptr: usize): u64 {
  return <u64>load<u32>(ptr) | (<u64>load<u16>(ptr, 4) << 32);
}

/** Slot of a MAC, or the free slot where it would go. */
@inline
function macSlot(mac: u64): usize {
  let s = <u32>((mac * MAC_KEY) >> 40) & macMask;
  let at = macs + <usize>s * 16;
  let there = load<u64>(at);
  while (there != mac && there != 0) {
    s = (s + 1) & macMask;
    at = macs + <usize>s * 16;
    there = load<u64>(at);
  }
  return at;
}

function addMac(mac: u64, own: u32, behind: u32): void {
  if (mac == 0 || mac & 1) return;
  const at = macSlot(mac);
  store<u64>(at, mac);
  if (own != 0 && load<u16>(at, 8) == 0) store<u16>(at, <u16>own, 8);
  if (behind != 0 && load<u16>(at, 10) == 0) store<u16>(at, <u16>behind, 10);
}

/** The interface that has this MAC, or 0. A bridge goes before a port that lent it its address. */
@inline
export function ownerOfMac(mac: u64): u32 {
  return mac == 0 ? 0 : load<u16>(macSlot(mac), 8);
}

/** The port or interface behind which this MAC is known to be, or 0. */
@inline
export function ifaceTowards(mac: u64): u32 {
  return mac == 0 ? 0 : load<u16>(macSlot(mac), 10);
}

/** Whether the six bytes at `ptr` are the interface's link address. */
export function isMacOf(iface: Iface, ptr: usize): bool {
  return macAt(ptr) == macOf(iface);
}

@inline
export function macOf(iface: Iface): u64 {
  return macAt(changetype<usize>(iface) + offsetof<Iface>('mac0'));
}

/** A VLAN device with the address of the interface below it: frames on the wire are that one's. */
function isMacOfLower(iface: Iface): bool {
  return iface.lower != 0 && macOf(iface) == macOf(ifaceAt(iface.lower));
}

/** The host's loopback interface, or 0. */
export let loopback: u32 = 0;

/** Builds this worker's table from the attached host. False when memory runs out. */
export function attachMacs(): bool {
  const fdbCount = sectionCount(SECTION_FDB);
  const neighbours = sectionCount(SECTION_NEIGHBOUR);
  let size: u32 = 16;
  while (size < (ifaceCount() + fdbCount + neighbours) * 2) size *= 2;
  macs = allocate(<usize>size * 16);
  if (macs == 0) return false;
  macMask = size - 1;
  loopback = 0;
  for (let pass: u32 = 0; pass < 2; pass++) {
    for (let id: u32 = 1; id <= ifaceCount(); id++) {
      const iface = ifaceAt(id);
      if (iface.kind == IFACE_LOOPBACK) loopback = id;
      if ((iface.kind == IFACE_PORT) != (pass == 1) || isMacOfLower(iface)) continue;
      addMac(macOf(iface), id, 0);
    }
  }
  const fdb = sectionPtr(SECTION_FDB);
  for (let k: u32 = 0; k < fdbCount; k++) {
    const e = changetype<FdbEntry>(fdb + <usize>k * FDB_SIZE);
    if (e.port == e.bridge) continue;
    addMac(macAt(changetype<usize>(e) + offsetof<FdbEntry>('mac0')), 0, e.port);
  }
  const list = sectionPtr(SECTION_NEIGHBOUR);
  for (let k: u32 = 0; k < neighbours; k++) {
    const n = changetype<Neighbour>(list + <usize>k * NEIGHBOUR_SIZE);
    addMac(macAt(changetype<usize>(n) + offsetof<Neighbour>('mac0')), 0, n.iface);
  }
  return true;
}
