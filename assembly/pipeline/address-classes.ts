/**
 * The classes of IPv4 addresses that openings are told apart by. They take two walks through tries,
 * and the same few addresses (the host's, its containers') are in most packets: what was found is
 * kept by the hash of the address, for sources and for destinations, the newest.
 */
import { DIM_DST, DIM_SRC } from '../abi-rules';
import { allocate } from '../memory';
import { routeClass } from '../route/classes';
import { addressClassV4 } from '../table/index';

const ENTRIES_SHIFT: u32 = 9;
const ENTRIES: usize = 1 << ENTRIES_SHIFT;

/** 16 bytes. */
@unmanaged
export class AddressClasses {
  address: u32;
  rules: u32; // its class to rules that look at sources, or at destinations
  route: u32; // to routing
  pad: u32;
}

let sources: usize = 0;
let destinations: usize = 0;

/** False when memory runs out. */
export function attachAddressClasses(): bool {
  sources = allocate(ENTRIES * offsetof<AddressClasses>());
  destinations = allocate(ENTRIES * offsetof<AddressClasses>());
  if (sources == 0 || destinations == 0) return false;
  for (let i: usize = 0; i < ENTRIES; i++) {
    const offset = i * offsetof<AddressClasses>();
    learn(changetype<AddressClasses>(sources + offset), DIM_SRC, 0);
    learn(changetype<AddressClasses>(destinations + offset), DIM_DST, 0);
  }
  return true;
}

/** Classes of a source. Valid until the next call. */
@inline
export function classesOfSource(address: u32): AddressClasses {
  return classesIn(sources, DIM_SRC, address);
}

/** Classes of a destination. Valid until the next call. */
@inline
export function classesOfDestination(address: u32): AddressClasses {
  return classesIn(destinations, DIM_DST, address);
}

@inline
function classesIn(table: usize, dim: u32, address: u32): AddressClasses {
  const number = <usize>((address * 0x9e3779b1) >> (32 - ENTRIES_SHIFT));
  const entry = changetype<AddressClasses>(table + number * offsetof<AddressClasses>());
  if (entry.address != address) learn(entry, dim, address);
  return entry;
}

function learn(entry: AddressClasses, dim: u32, address: u32): void {
  entry.address = address;
  entry.rules = addressClassV4(dim, address);
  entry.route = routeClass(address);
}
