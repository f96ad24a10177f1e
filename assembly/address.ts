/**
 * Address handles. An IPv4 handle is the address in host byte order. IPv6 addresses are interned:
 * the handle is the number of a 16-byte entry in this worker's table, so that everything behind the
 * decoder (tuples, NAT, hashes) has one width. Handles are local to a worker and never leave it.
 */
import { FAMILY_V4 } from './abi';
import { allocate } from './memory';

const FIRST_CAPACITY: u32 = 4096; // entries; power of two

let entries: usize = 0; // 16 bytes each, handle 0 is "::"
let slots: usize = 0; // open addressing: handle + 1, or 0
let capacity: u32 = 0; // of entries; slots has twice as many
let count: u32 = 0;

function hash16(lo: u64, hi: u64): u32 {
  let h = lo * 0x9e3779b97f4a7c15;
  h = (h ^ (h >> 32) ^ hi) * 0xd6e8feb86659fd93;
  return <u32>(h ^ (h >> 32));
}

function grow(): void {
  const bigger = capacity == 0 ? FIRST_CAPACITY : capacity * 2;
  const newEntries = allocate(<usize>bigger * 16);
  if (count > 0) memory.copy(newEntries, entries, <usize>count * 16);
  else count = 1; // "::", so that a handle of 0 can mean that there is no address
  entries = newEntries;
  capacity = bigger;
  slots = allocate(<usize>bigger * 8);
  const mask = bigger * 2 - 1;
  for (let i: u32 = 0; i < count; i++) {
    const at = entries + <usize>i * 16;
    let s = hash16(load<u64>(at), load<u64>(at, 8)) & mask;
    while (load<u32>(slots + <usize>s * 4) != 0) s = (s + 1) & mask;
    store<u32>(slots + <usize>s * 4, i + 1);
  }
}

/** Handle of the IPv6 address whose 16 bytes (network order) are at `ptr`. */
export function internV6(ptr: usize): u32 {
  if (count == capacity) grow();
  const lo = load<u64>(ptr);
  const hi = load<u64>(ptr, 8);
  const mask = capacity * 2 - 1;
  let s = hash16(lo, hi) & mask;
  for (;;) {
    const handle = load<u32>(slots + <usize>s * 4);
    if (handle == 0) break;
    const at = entries + <usize>(handle - 1) * 16;
    if (load<u64>(at) == lo && load<u64>(at, 8) == hi) return handle - 1;
    s = (s + 1) & mask;
  }
  const at = entries + <usize>count * 16;
  store<u64>(at, lo);
  store<u64>(at, hi, 8);
  store<u32>(slots + <usize>s * 4, count + 1);
  return count++;
}

/** Pointer to the 16 bytes (network order) of an IPv6 handle; valid until the next internV6. */
@inline
export function v6Bytes(handle: u32): usize {
  return entries + <usize>handle * 16;
}

/** Handle of the image address at `ptr` (16 bytes, IPv4 in the first four). */
export function internImageAddress(family: u32, ptr: usize): u32 {
  return family == FAMILY_V4 ? bswap<u32>(load<u32>(ptr)) : internV6(ptr);
}

/** Writes the 16-byte image form of a handle to `ptr`. */
export function writeAddress(family: u32, handle: u32, ptr: usize): void {
  if (family == FAMILY_V4) {
    store<u32>(ptr, bswap<u32>(handle));
    store<u32>(ptr, 0, 4);
    store<u64>(ptr, 0, 8);
  } else {
    memory.copy(ptr, v6Bytes(handle), 16);
  }
}
