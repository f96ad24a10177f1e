/** The host's configuration as every instance sees it: accessors over the attached image. */
import {
  ABI_MAGIC,
  ABI_VERSION,
  IFACE_SIZE,
  IMAGE_HEADER_WORDS,
  NETWORK_SIZE,
  SECTION_CHAIN,
  SECTION_COUNT,
  SECTION_IFACE,
  SECTION_NETWORK,
  SECTION_RULE,
  SECTION_SYSCTL,
  SYSCTL_COUNT,
} from './abi';
import { Iface, Network } from './image';

let image: usize = 0;
let ifaces: usize = 0;
let ifaceTotal: u32 = 0;
let sysctls: usize = 0;

/** Attaches a loaded image. False when it is not one of this ABI version. */
export function attachHost(at: usize): bool {
  if (load<u32>(at) != ABI_MAGIC || load<u32>(at, 4) != ABI_VERSION) return false;
  image = at;
  ifaces = sectionPtr(SECTION_IFACE);
  ifaceTotal = sectionCount(SECTION_IFACE);
  sysctls = sectionPtr(SECTION_SYSCTL);
  return sectionCount(SECTION_SYSCTL) == SYSCTL_COUNT;
}

@inline
export function imageFlags(): u32 {
  return load<u32>(image, 12);
}

export function sectionPtr(section: u32): usize {
  if (section >= <u32>SECTION_COUNT) return 0;
  return image + load<u32>(image + IMAGE_HEADER_WORDS * 4 + <usize>section * 8);
}

export function sectionCount(section: u32): u32 {
  if (section >= <u32>SECTION_COUNT) return 0;
  return load<u32>(image + IMAGE_HEADER_WORDS * 4 + <usize>section * 8, 4);
}

@inline
export function ifaceCount(): u32 {
  return ifaceTotal;
}

/** The interface with this id (1-based; must exist). */
@inline
export function ifaceAt(id: u32): Iface {
  return changetype<Iface>(ifaces + <usize>(id - 1) * IFACE_SIZE);
}

/** The Docker network with this id (1-based; must exist). */
export function networkAt(id: u32): Network {
  return changetype<Network>(sectionPtr(SECTION_NETWORK) + <usize>(id - 1) * NETWORK_SIZE);
}

@inline
export function sysctl(index: u32): u32 {
  return load<u32>(sysctls + <usize>index * 4);
}

/** Counter ids: one per rule, then one per chain (its policy). */
export function counterTotal(): u32 {
  return sectionCount(SECTION_RULE) + sectionCount(SECTION_CHAIN);
}
