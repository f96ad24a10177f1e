/**
 * The table of openings (opening.ts): sets of four entries, found by a hash of the key; of a full
 * set the oldest one goes. There are many for each rule, as a service has rules of its own and a
 * key for each way its packets go, and as what has lost its entry is walked again.
 *
 * Of what only a packet's connection tells, nothing is in the hash but where an answer is led.
 * So the set of a packet that follows is known, and can be read ahead, before its connection has
 * begun.
 */
import { SECTION_RULE } from '../abi';
import { DIM_DPORT, DIM_SPORT } from '../abi-rules';
import { sectionCount } from '../host';
import { allocate } from '../memory';
import { attachRouteClasses, routeClasses } from '../route/classes';
import { portClassV4, withoutConntrack } from '../table/index';
import {
  attachAddressClasses,
  classesOfDestination,
  classesOfSource,
} from './address-classes';

const MAX_ROUTE_CLASSES: u32 = 1 << 16;
const PER_RULE: u32 = 16;
const LEAST: u32 = 1 << 12;
const MOST: u32 = 1 << 18;

@unmanaged
export class OpeningKey {
  where: u64; // classes of dst and dport, interface
  classes: u64; // of src and sport, and of src to routing
  kind: u64; // volatile key, protocol, class of dst to routing, nature of the connection; never 0
  led: u64; // classes of what a connection makes of dst and dport; 0: nothing
}

/** 64 bytes. */
@unmanaged
export class Opening extends OpeningKey {
  traversal: u32; // Traversal
  status: u32; // IPS_* that the connection got from NAT
  dst: u32; // as the packet leaves, where `given` says so; else as it came
  dport: u16;
  given: u16; // GIVEN_*
  isAccepted: u32; // 1: connections begin
  way: u32; // see wayFor(); 0: nobody asked yet
  pad: u64;
}

// Of OpeningKey.kind: protocol and class of dst, which beginKey() knows; a shift.
const KIND_BEGUN: u64 = 0x00ffffff00000000;
const KIND_NATURE: u64 = 56;
const KEY_BYTES: usize = offsetof<OpeningKey>();
const WAYS_SHIFT: u32 = 2;
const SET_BYTES: usize = offsetof<Opening>() << WAYS_SHIFT;

// The nature of a packet's connection, part of the key; 0: the packet begins one.
export const NATURE_CONFIRMED: u32 = 1;
export const NATURE_REPLY: u32 = 2;
export const NATURE_ESTABLISHED: u32 = 4;
export const NATURE_NAT_SHIFT: u32 = 1; // IPS_* of NAT from here on: bits 3, 4, 6 and 7

let entries: usize = 0;
let shift: u32 = 0; // of a hash, to the number of its set
let asked: OpeningKey = changetype<OpeningKey>(0); // the key that was asked for last
let place: usize = 0; // its set

/** False when memory runs out. */
export function attachOpeningTable(): bool {
  let count = LEAST;
  let bits: u32 = 12 - WAYS_SHIFT;
  while (count < MOST && count < sectionCount(SECTION_RULE) * PER_RULE) {
    count *= 2;
    bits++;
  }
  shift = 64 - bits;
  entries = allocate(<usize>count * offsetof<Opening>());
  asked = changetype<OpeningKey>(allocate(KEY_BYTES));
  if (entries == 0 || changetype<usize>(asked) == 0) return false;
  return attachRouteClasses() && attachAddressClasses();
}

/** Whether the host's addresses have few enough classes for a key. */
export function isKeyWide(): bool {
  return routeClasses() <= MAX_ROUTE_CLASSES;
}

/** Begins to make `key` that of packets like this IPv4 one: completeKey() has to follow. */
export function beginKey(
  key: OpeningKey,
  src: u32,
  dst: u32,
  ports: u32,
  proto: u32,
  iface: u32,
): void {
  const to = classesOfDestination(dst);
  const dport = portClassV4(DIM_DPORT, ports >> 16);
  key.where = <u64>to.rules | (<u64>dport << 32) | (<u64>iface << 48);
  key.kind = (<u64>proto << 32) | (<u64>to.route << 40);
  const from = classesOfSource(src);
  const sport = portClassV4(DIM_SPORT, ports & 0xffff);
  key.classes = <u64>from.rules | (<u64>sport << 32) | (<u64>from.route << 48);
}

/**
 * Adds to a key, in place of what was added before, what the packet's connection decides, and
 * returns the set that the key belongs to. `volatile`: the packet's volatile key; `nature`: what is
 * known of its connection, 8 bits; `led`: see ledTo().
 */
@inline
export function completeKey(key: OpeningKey, volatile: u32, nature: u32, led: u64): usize {
  const begun = key.kind & KIND_BEGUN;
  key.kind = begun | <u64>volatile | (<u64>nature << KIND_NATURE);
  key.led = led;
  const ledBack = nature & NATURE_REPLY ? rotl<u64>(led, 41) : 0;
  let h = (key.where ^ rotl<u64>(key.classes, 20) ^ ledBack) * 0x9e3779b97f4a7c15;
  h = (h ^ (h >> 32) ^ begun ^ withoutConntrack(volatile)) * 0xd6e8feb86659fd93;
  return entries + <usize>(h >> shift) * SET_BYTES;
}

/** Whether a key is that of packets which begin a connection. */
@inline
export function isOfFirst(key: OpeningKey): bool {
  return key.kind >> KIND_NATURE == 0;
}

/** The entry of a set that has the key, or 0. */
@inline
export function entryIn(set: usize, key: OpeningKey): usize {
  if (hasKey(set, key)) return set;
  const end = set + SET_BYTES;
  for (let entry = set + offsetof<Opening>(); entry < end; entry += offsetof<Opening>()) {
    if (hasKey(entry, key)) return entry;
  }
  return 0;
}

@inline
export function hasKey(entry: usize, key: OpeningKey): bool {
  const k = changetype<usize>(key);
  const low = v128.eq<i64>(v128.load(entry), v128.load(k));
  const high = v128.eq<i64>(v128.load(entry, 16), v128.load(k, 16));
  return v128.all_true<i64>(v128.and(low, high));
}

/**
 * The entry for packets with this key (see beginKey() and completeKey()), or 0; newOpening() is then
 * for them.
 */
export function findOpening(
  src: u32,
  dst: u32,
  ports: u32,
  proto: u32,
  iface: u32,
  volatile: u32,
  nature: u32,
  led: u64,
): usize {
  beginKey(asked, src, dst, ports, proto, iface);
  place = completeKey(asked, volatile, nature, led);
  return entryIn(place, asked);
}

/** Of a connection's packet that PREROUTING leads to `dst` and `dport`: a key's part for it. */
export function ledTo(dst: u32, dport: u32): u64 {
  const to = classesOfDestination(dst);
  return <u64>to.rules | (<u64>portClassV4(DIM_DPORT, dport) << 32) | (<u64>to.route << 48);
}

/** An entry with the key that findOpening() did not find, for the caller to fill. */
export function newOpening(): Opening {
  memory.copy(place + offsetof<Opening>(), place, SET_BYTES - offsetof<Opening>());
  memory.copy(place, changetype<usize>(asked), KEY_BYTES);
  return changetype<Opening>(place);
}
