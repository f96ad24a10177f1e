/** What the embedder tells the front: which interface of the host a name or an index is. */
import { allocate } from '../memory';

/** Iface id of the interface name in the `len` bytes at `ptr` (UTF-8), or 0. */
@external("env", "resolveInterface")
export declare function resolveInterface(ptr: usize, len: u32): u32;

/** Iface id of the kernel's interface index, or 0. */
@external("env", "resolveIfindex")
declare function resolveIfindex(ifindex: u32): u32;

// {u32 ifindex, u16 iface, u16 1}: asking the embedder once per interface, not per packet.
const CACHE_SIZE: u32 = 256;
let cache: usize = 0;

export function attachImports(): bool {
  cache = allocate(<usize>CACHE_SIZE * 8);
  return cache != 0;
}

export function ifaceOfIndex(ifindex: u32): u32 {
  const at = cache + <usize>(ifindex & (CACHE_SIZE - 1)) * 8;
  if (load<u16>(at, 6) != 0 && load<u32>(at) == ifindex) return load<u16>(at, 4);
  const iface = resolveIfindex(ifindex);
  store<u32>(at, ifindex);
  store<u16>(at, <u16>iface, 4);
  store<u16>(at, 1, 6);
  return iface;
}
