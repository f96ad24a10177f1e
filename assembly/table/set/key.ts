/** The key under which a packet is looked for in a set: its fields in the set's dimensions. */
import { FAMILY_V4 } from '../../abi';
import {
  SET_BITMAP,
  SET_DIM_ADDRESS,
  SET_DIM_IFACE,
  SET_DIM_MAC,
  SET_DIM_MARK,
  SET_DIM_PORT,
  SET_KEY_BYTES,
  SET_NO_ZERO,
  SET_PLAIN_PORTS,
} from '../../abi-rules';
import { allocate } from '../../memory';
import { Packet } from '../../packet';
import { keyHigh, keyLow } from '../dimension';
import { SetRecord } from './layout';

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

const ICMP: u32 = 1;
const TCP: u32 = 6;
const UDP: u32 = 17;
const ICMPV6: u32 = 58;
const NO_NEXT_HEADER: u32 = 59;
const SCTP: u32 = 132;
const UDPLITE: u32 = 136;

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
 * Fills the key from the packet; bit i of `sides`: dimension i is the source's. Returns its
 * address, valid until the next call, or 0 when the packet lacks something that the set asks for.
 */
export function packetKey(p: Packet, set: SetRecord, sides: u32): usize {
  memory.fill(key, 0, SET_KEY_BYTES);
  let addresses: u32 = 0;
  const dims = changetype<usize>(set) + offsetof<SetRecord>('dim0');
  for (let i: u32 = 0; i < <u32>set.dimCount; i++) {
    const source = ((sides >> i) & 1) != 0;
    switch (<u32>load<u8>(dims + i)) {
      case SET_DIM_ADDRESS:
        if (!takeAddress(p, set, source, addresses++)) return 0;
        break;
      case SET_DIM_PORT:
        if (!takePort(p, set, source)) return 0;
        break;
      case SET_DIM_MAC:
        if (!takeMac(p, source)) return 0;
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

function takeAddress(p: Packet, set: SetRecord, source: bool, index: u32): bool {
  const handle = source ? p.src : p.dst;
  if (set.flags & SET_BITMAP && (handle < set.first || handle > set.last)) return false;
  const high = keyHigh(p.family, handle) & set.maskHigh;
  const low = keyLow(p.family, handle) & set.maskLow;
  if (set.flags & SET_NO_ZERO && (high | low) == 0) return false;
  if (index == 0) {
    high0 = high;
    low0 = low;
    storeAddress(FIRST_ADDRESS, high, low);
  } else {
    high1 = high;
    low1 = low;
    storeAddress(SECOND_ADDRESS, high, low);
  }
  return true;
}

@inline
function storeAddress(offset: usize, high: u64, low: u64): void {
  store<u64>(key + offset, high);
  store<u64>(key + offset, low, 8);
}

/** ip_set_get_ip4_port(): ICMP has type and code for a port, other protocols have 0. */
function takePort(p: Packet, set: SetRecord, source: bool): bool {
  const proto = <u32>p.proto;
  let need = headerBytes(proto);
  if (proto == 0) return false;
  if (p.family != FAMILY_V4) {
    // ip_set_get_ip6_port(): as far as ipv6_skip_exthdr() comes
    if (p.fragOff != 0 || proto == NO_NEXT_HEADER) return false;
  } else if (p.fragOff != 0) {
    if (need != 0 && proto != ICMPV6) return false;
    need = 0; // matched by its protocol alone
  }
  if (need != 0 && (p.l4 == 0 || p.l4Len < need)) return false;
  const isPlain = proto == TCP || proto == UDP;
  if (set.flags & SET_PLAIN_PORTS && !isPlain) return false;
  let port: u16 = 0;
  if (need != 0) {
    const isIcmp = proto == ICMP || proto == ICMPV6;
    if (isIcmp) port = <u16>((<u32>p.icmpType << 8) | p.icmpCode);
    else port = source ? p.sport : p.dport;
  }
  store<u16>(key, port, PORT);
  if (!(set.flags & SET_PLAIN_PORTS)) {
    store<u8>(key, p.proto, PROTO);
    return true;
  }
  return port >= set.first && port <= set.last;
}

/** Header that get_port() wants to see whole; 0: the protocol has no ports. */
function headerBytes(proto: u32): u32 {
  switch (proto) {
    case TCP:
      return 20;
    case SCTP:
      return 12;
    case UDP:
    case UDPLITE:
    case ICMP:
    case ICMPV6:
      return 8;
    default:
      return 0;
  }
}

/** 48 bits, the first octet highest. */
function takeMac(p: Packet, source: bool): bool {
  if (p.l2 == 0) return false;
  const at = <usize>p.l2 + (source ? ETHERNET_SRC : 0);
  const mac = bswap<u64>(<u64>load<u32>(at) | (<u64>load<u16>(at, 4) << 32)) >> 16;
  if (mac == 0) return false;
  store<u64>(key, mac, MAC);
  return true;
}

/** A prefix length for an address that has none. */
export const NO_PREFIX: u32 = 255;

/** Cuts the key's addresses to prefixes. */
export function applyPrefixes(family: u32, first: u32, second: u32): void {
  if (first != NO_PREFIX) {
    storeAddress(FIRST_ADDRESS, high0 & maskHigh(first, family), low0 & maskLow(first, family));
    store<u8>(key, <u8>first, FIRST_PREFIX);
  }
  if (second != NO_PREFIX) {
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
