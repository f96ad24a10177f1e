/** The key under which a packet is looked for in a set: its fields in the set's dimensions. */
import { FAMILY_V4 } from '../../abi';
import {
  SET_DIM_ADDRESS,
  SET_DIM_IFACE,
  SET_DIM_MAC,
  SET_DIM_MARK,
  SET_DIM_PORT,
  SET_KEY_BYTES,
  SET_PLAIN_PORTS,
  SET_SOURCE_MAC,
} from '../../abi-rules';
import { allocate } from '../../memory';
import { Packet } from '../../packet';
import { keyHigh, keyLow } from '../dimension';
import { SetRecord } from './sets';

const FIRST_ADDRESS: usize = 0;
const SECOND_ADDRESS: usize = 16;
const PORT: usize = 32;
const PROTO: usize = 34;
const FIRST_PREFIX: usize = 35;
const SECOND_PREFIX: usize = 36;
const IFACE: usize = 38;
const MAC: usize = 40;
const MARK: usize = 48;
const ETHERNET_SRC: usize = 6;

const TCP: u32 = 6;
const UDP: u32 = 17;

let key: usize = 0;
// addresses as they are before prefixes are applied
let high0: u64 = 0;
let low0: u64 = 0;
let high1: u64 = 0;
let low1: u64 = 0;

export function attachKeys(): bool {
  key = allocate(SET_KEY_BYTES);
  return key != 0;
}

/**
 * Fills the key from the packet; bit i of `sides`: dimension i is the source's. Returns its address,
 * valid until the next call, or 0 when the packet lacks something that the set asks for.
 */
export function packetKey(p: Packet, set: SetRecord, sides: u32): usize {
  memory.fill(key, 0, SET_KEY_BYTES);
  let addresses: u32 = 0;
  const dims = changetype<usize>(set) + offsetof<SetRecord>('dim0');
  for (let i: u32 = 0; i < <u32>set.dimCount; i++) {
    const source = ((sides >> i) & 1) != 0;
    switch (<u32>load<u8>(dims + i)) {
      case SET_DIM_ADDRESS:
        takeAddress(p, set, source, addresses++);
        break;
      case SET_DIM_PORT:
        if (!takePort(p, set, source)) return 0;
        break;
      case SET_DIM_MAC:
        if (!takeMac(p, set, source)) return 0;
        break;
      case SET_DIM_IFACE: {
        const iface: u32 = source ? p.in : p.out;
        if (iface == 0) return 0;
        store<u16>(key, <u16>iface, IFACE);
        break;
      }
      case SET_DIM_MARK:
        store<u32>(key, p.mark & set.markMask, MARK);
        break;
      default:
        return 0;
    }
  }
  return key;
}

function takeAddress(p: Packet, set: SetRecord, source: bool, index: u32): void {
  const handle = source ? p.src : p.dst;
  const high = keyHigh(p.family, handle) & set.maskHigh;
  const low = keyLow(p.family, handle) & set.maskLow;
  if (index == 0) {
    high0 = high;
    low0 = low;
    storeAddress(FIRST_ADDRESS, high, low);
  } else {
    high1 = high;
    low1 = low;
    storeAddress(SECOND_ADDRESS, high, low);
  }
}

@inline
function storeAddress(offset: usize, high: u64, low: u64): void {
  store<u64>(key + offset, high);
  store<u64>(key + offset, low, 8);
}

/** ip_set_get_ip4_port(): ICMP has type and code for a port, other protocols have 0. */
function takePort(p: Packet, set: SetRecord, source: bool): bool {
  const proto = <u32>p.proto;
  const isIcmp = proto == 1 || proto == 58;
  const ports = proto == TCP || proto == UDP || proto == 132 || proto == 136;
  if (p.fragOff != 0 && (ports || isIcmp)) return false;
  if (set.flags & SET_PLAIN_PORTS) {
    if (proto != TCP && proto != UDP) return false;
    store<u16>(key, source ? p.sport : p.dport, PORT);
    return true;
  }
  store<u8>(key, p.proto, PROTO);
  if (ports) store<u16>(key, source ? p.sport : p.dport, PORT);
  if (isIcmp) store<u16>(key, <u16>((<u32>p.icmpType << 8) | p.icmpCode), PORT);
  return true;
}

/** 48 bits, the first octet highest. */
function takeMac(p: Packet, set: SetRecord, source: bool): bool {
  if (p.l2 == 0 || (set.flags & SET_SOURCE_MAC && !source)) return false;
  const at = <usize>p.l2 + (source ? ETHERNET_SRC : 0);
  const mac = bswap<u64>(<u64>load<u32>(at) | (<u64>load<u16>(at, 4) << 32)) >> 16;
  if (mac == 0) return false;
  store<u64>(key, mac, MAC);
  return true;
}

/** Cuts the key's addresses to prefixes. 255: the address has none. */
export function applyPrefixes(family: u32, first: u32, second: u32): void {
  if (first != 255) {
    storeAddress(FIRST_ADDRESS, high0 & maskHigh(first, family), low0 & maskLow(first, family));
    store<u8>(key, <u8>first, FIRST_PREFIX);
  }
  if (second != 255) {
    storeAddress(SECOND_ADDRESS, high1 & maskHigh(second, family), low1 & maskLow(second, family));
    store<u8>(key, <u8>second, SECOND_PREFIX);
  }
}

@inline
function maskHigh(prefixLen: u32, family: u32): u64 {
  if (prefixLen == 0) return 0;
  return prefixLen >= 64 ? u64.MAX_VALUE : u64.MAX_VALUE << (64 - prefixLen);
}

@inline
function maskLow(prefixLen: u32, family: u32): u64 {
  if (family == FAMILY_V4 || prefixLen <= 64) return 0;
  return u64.MAX_VALUE << (128 - prefixLen);
}

/** The key with no MAC: what bitmap:ip,mac holds its entries under. */
export function takeMacOut(): u64 {
  const mac = load<u64>(key, MAC);
  store<u64>(key, 0, MAC);
  return mac;
}
