/**
 * The table of openings (opening.ts): sets of two entries, found by the hash of the key; of a full
 * set the older one goes. There are some for each rule, as a service has rules of its own and a key
 * for each way its packets go.
 */
import { DIM_DPORT, DIM_DST, DIM_SPORT, DIM_SRC } from '../abi-rules';
import { SECTION_RULE } from '../abi';
import { sectionCount } from '../host';
import { allocate } from '../memory';
import { attachRouteClasses, routeClass, routeClasses } from '../route/classes';
import { endpointClasses } from '../table/index';

const MAX_ROUTE_CLASSES: u32 = 1 << 16;
const PER_RULE: u32 = 4;
const LEAST: u32 = 1 << 12;
const MOST: u32 = 1 << 18;

/** 64 bytes. */
@unmanaged
export class Opening {
  where: u64; // classes of dst and dport, interface
  classes: u64; // of src and sport, and of src to routing
  kind: u64; // volatile key, protocol, class of dst to routing, nature of the connection; never 0
  led: u64; // classes of what a connection makes of dst and dport; 0: nothing
  traversal: u32; // Traversal
  status: u32; // IPS_* that the connection got from NAT
  dst: u32; // as the packet leaves, where `given` says so; else as it came
  dport: u16;
  given: u16; // GIVEN_*
  pad1: u64;
  pad2: u64;
}

const KEY_BYTES: usize = offsetof<Opening>('traversal');
const SET_BYTES: usize = 2 * offsetof<Opening>();

let entries: usize = 0;
let shift: u32 = 0; // of a hash, to the number of its set
let asked: Opening = changetype<Opening>(0); // the key that was asked for last
let place: usize = 0; // its set

/** False when memory runs out. */
export function attachOpeningTable(): bool {
  let count = LEAST;
  let bits: u32 = 11;
  while (count < MOST && count < sectionCount(SECTION_RULE) * PER_RULE) {
    count *= 2;
    bits++;
  }
  shift = 64 - bits;
  entries = allocate(<usize>count * offsetof<Opening>());
  asked = changetype<Opening>(allocate(offsetof<Opening>()));
  return entries != 0 && changetype<usize>(asked) != 0 && attachRouteClasses();
}

/** Whether the host's addresses have few enough classes for a key. */
export function isKeyWide(): bool {
  return routeClasses() <= MAX_ROUTE_CLASSES;
}

/**
 * The entry for packets like this IPv4 one, or null. `key`: its volatile key, `nature`: what is
 * known of its connection, 8 bits; `led`: see ledTo().
 */
export function findOpening(
  src: u32,
  dst: u32,
  ports: u32,
  proto: u32,
  iface: u32,
  key: u32,
  nature: u32,
  led: u64,
): Opening | null {
  const where = endpointClasses(DIM_DST, dst, DIM_DPORT, ports >> 16) | (<u64>iface << 48);
  const classes =
    endpointClasses(DIM_SRC, src, DIM_SPORT, ports & 0xffff) | (<u64>routeClass(src) << 48);
  const kind =
    <u64>key | (<u64>proto << 32) | (<u64>routeClass(dst) << 40) | (<u64>nature << 56);
  let h = (where ^ rotl<u64>(classes, 20) ^ rotl<u64>(led, 41)) * 0x9e3779b97f4a7c15;
  h = (h ^ (h >> 32) ^ kind) * 0xd6e8feb86659fd93;
  asked.where = where;
  asked.classes = classes;
  asked.kind = kind;
  asked.led = led;
  place = entries + <usize>(h >> shift) * SET_BYTES;
  if (isAsked(place)) return changetype<Opening>(place);
  const second = place + offsetof<Opening>();
  return isAsked(second) ? changetype<Opening>(second) : null;
}

@inline
function isAsked(entry: usize): bool {
  const a = changetype<usize>(asked);
  return v128.all_true<i64>(
    v128.and(
      v128.eq<i64>(v128.load(entry), v128.load(a)),
      v128.eq<i64>(v128.load(entry, 16), v128.load(a, 16)),
    ),
  );
}

/** Of a connection's packet that PREROUTING leads to `dst` and `dport`: a key's part for it. */
export function ledTo(dst: u32, dport: u32): u64 {
  return endpointClasses(DIM_DST, dst, DIM_DPORT, dport) | (<u64>routeClass(dst) << 48);
}

/** An entry with the key that findOpening() did not find, for the caller to fill. */
export function newOpening(): Opening {
  memory.copy(place + offsetof<Opening>(), place, offsetof<Opening>());
  memory.copy(place, changetype<usize>(asked), KEY_BYTES);
  return changetype<Opening>(place);
}
