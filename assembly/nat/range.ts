/**
 * The range that a mapping must lie in (struct nf_nat_range2). There is one at a time: the one that
 * the target at hand asks for, in the variables below.
 *
 * In the image, a target's arguments are 48 bytes: u32 flags, u16 minPort, u16 maxPort, u16
 * basePort, u16 and u32 unused, then the lowest and the highest address (16 bytes each).
 */
import { FAMILY_V4 } from '../abi';
import { internV6, v6Bytes } from '../address';
import { allocate } from '../memory';
import { tupleDport, tupleProto, tupleSport, tupleSrc } from '../conntrack/tuple';
import { IPPROTO_GRE, isIcmp } from '../conntrack/tuple';
import { hasTuplePorts } from '../wire/transport';

// NF_NAT_RANGE_*
export const RANGE_MAP_IPS: u32 = 1;
export const RANGE_PROTO_SPECIFIED: u32 = 2;
export const RANGE_PROTO_RANDOM: u32 = 4;
export const RANGE_PERSISTENT: u32 = 8;
export const RANGE_PROTO_RANDOM_FULLY: u32 = 16;
export const RANGE_PROTO_OFFSET: u32 = 32;
export const RANGE_RANDOM_ALL: u32 = RANGE_PROTO_RANDOM | RANGE_PROTO_RANDOM_FULLY;

const MIN_ADDRESS: usize = 16;
const MAX_ADDRESS: usize = 32;

export let rangeFlags: u32 = 0;
export let rangeMinPort: u32 = 0;
export let rangeMaxPort: u32 = 0;
export let rangeBasePort: u32 = 0;
/** Lowest and highest address: 16 bytes each in image form; valid with RANGE_MAP_IPS. */
export let rangeMin: usize = 0;
export let rangeMax: usize = 0;
/** The only address, as a handle, when the range has just one. */
export let rangeSingle: bool = false;
export let rangeAddress: u32 = 0;

let scratch: usize = 0;

export function attachRange(): bool {
  if (scratch == 0) scratch = allocate(16);
  return scratch != 0;
}

/** Takes the range at `at`, a target's arguments. */
export function loadRange(family: u32, at: usize): void {
  rangeFlags = load<u32>(at);
  rangeMinPort = load<u16>(at, 4);
  rangeMaxPort = load<u16>(at, 6);
  rangeBasePort = load<u16>(at, 8);
  rangeMin = at + MIN_ADDRESS;
  rangeMax = at + MAX_ADDRESS;
  rangeSingle =
    load<u64>(rangeMin) == load<u64>(rangeMax) && load<u64>(rangeMin, 8) == load<u64>(rangeMax, 8);
  if (rangeFlags & RANGE_MAP_IPS && rangeSingle) {
    rangeAddress = family == FAMILY_V4 ? bswap<u32>(load<u32>(rangeMin)) : internV6(rangeMin);
  }
}

/** Narrows the range to one address. */
export function mapTo(address: u32): void {
  rangeFlags |= RANGE_MAP_IPS;
  rangeSingle = true;
  rangeAddress = address;
}

/** A range of nothing but one address: what a null binding asks for. */
export function loadNullRange(address: u32): void {
  rangeFlags = RANGE_MAP_IPS;
  rangeSingle = true;
  rangeAddress = address;
}

/**
 * NETMAP's address: the network part from the range, the host part from `address` (xt_NETMAP.c).
 * The bits in which the ends of the range agree are the network's.
 */
export function netmapAddress(family: u32, address: u32): u32 {
  if (family == FAMILY_V4) {
    const low = bswap<u32>(load<u32>(rangeMin));
    const mask = ~(low ^ bswap<u32>(load<u32>(rangeMax)));
    return (address & ~mask) | (low & mask);
  }
  for (let i: usize = 0; i < 16; i += 8) {
    const low = load<u64>(rangeMin + i);
    const mask = ~(low ^ load<u64>(rangeMax + i));
    store<u64>(scratch + i, (load<u64>(v6Bytes(address) + i) & ~mask) | (low & mask));
  }
  return internV6(scratch);
}

/** Whether an address lies in the range (nf_nat_inet_in_range). */
function addressInRange(family: u32, address: u32): bool {
  if (rangeSingle) return address == rangeAddress;
  if (family == FAMILY_V4) {
    return (
      address >= bswap<u32>(load<u32>(rangeMin)) && address <= bswap<u32>(load<u32>(rangeMax))
    );
  }
  const at = v6Bytes(address);
  return memory.compare(at, rangeMin, 16) >= 0 && memory.compare(at, rangeMax, 16) <= 0;
}

/** Whether the port (ICMP: id) that `manip` changes lies in the range (l4proto_in_range). */
export function portInRange(manip: u32): bool {
  let port = tupleSport;
  if (!isIcmp(tupleProto)) {
    if (!hasTuplePorts(tupleProto) && tupleProto != IPPROTO_GRE) return true;
    if (manip != 0) port = tupleDport;
  }
  return port >= rangeMinPort && port <= rangeMaxPort;
}

/** Whether the tuple's source is in the range already (nf_in_range). */
export function sourceInRange(family: u32): bool {
  if (rangeFlags & RANGE_MAP_IPS && !addressInRange(family, tupleSrc)) return false;
  return !(rangeFlags & RANGE_PROTO_SPECIFIED) || portInRange(0);
}
