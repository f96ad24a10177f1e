/**
 * IPv4 options: whether a host goes on with a packet that has them. As __ip_options_compile()
 * (net/ipv4/ip_options.c) reads them, behind PREROUTING and routing; no bridge reads them.
 */
import { IPV4_HEADER } from './ipv4';

export const OPTIONS_FINE: u32 = 0;
export const OPTIONS_MALFORMED: u32 = 1;
export const OPTIONS_SOURCE_ROUTE: u32 = 2; // which no host accepts by default

const END: u8 = 0;
const NOP: u8 = 1;
const RECORD_ROUTE: u8 = 7;
const TIMESTAMP: u8 = 68;
const LOOSE_ROUTE: u8 = 131;
const STRICT_ROUTE: u8 = 137;
const ROUTER_ALERT: u8 = 148;

const ADDRESS: u32 = 4;
const TIMES_AND_ADDRESSES: u32 = 1; // what a timestamp option records: this,
const TIMES_OF_ADDRESSES: u32 = 3; // or the times at the addresses that it lists; 0: times

/** What the options of the header at `l3`, of which `captured` bytes are there, come to. */
export function judgeOptions(l3: usize, captured: u32): u32 {
  const header = <u32>(load<u8>(l3) & 15) << 2;
  if (header == IPV4_HEADER || captured < header) return OPTIONS_FINE;
  const end = l3 + header;
  let at = l3 + IPV4_HEADER;
  let once: u32 = 0; // options that a header has only once, a bit each
  let became = OPTIONS_FINE;
  while (at < end) {
    const kind = load<u8>(at);
    if (kind == END) break;
    if (kind == NOP) {
      at++;
      continue;
    }
    const length = at + 1 < end ? <u32>load<u8>(at, 1) : 0;
    if (length < 2 || length > <u32>(end - at)) return OPTIONS_MALFORMED;
    if (kind == LOOSE_ROUTE || kind == STRICT_ROUTE) {
      if (once & 1 || length < 3 || load<u8>(at, 2) < 4) return OPTIONS_MALFORMED;
      once |= 1;
      became = OPTIONS_SOURCE_ROUTE;
    } else if (kind == RECORD_ROUTE) {
      if (once & 2 || !isRoute(at, length)) return OPTIONS_MALFORMED;
      once |= 2;
    } else if (kind == TIMESTAMP) {
      if (once & 4 || !isTimestamp(at, length)) return OPTIONS_MALFORMED;
      once |= 4;
    } else if (kind == ROUTER_ALERT && length < 4) {
      return OPTIONS_MALFORMED;
    }
    at += length;
  }
  return became;
}

/** The pointer at byte 2 counts from 1; past the option's end it says that the option is full. */
function isRoute(at: usize, length: u32): bool {
  if (length < 3) return false;
  const pointer = <u32>load<u8>(at, 2);
  return pointer >= 4 && (pointer > length || pointer + ADDRESS - 1 <= length);
}

function isTimestamp(at: usize, length: u32): bool {
  if (length < 4) return false;
  const pointer = <u32>load<u8>(at, 2);
  const flags = <u32>load<u8>(at, 3);
  const kind = flags & 15;
  if (pointer < 5) return false;
  if (pointer > length) return kind == TIMES_OF_ADDRESSES || flags >> 4 != 15; // stations missed
  if (kind == TIMES_AND_ADDRESSES || kind == TIMES_OF_ADDRESSES) {
    return pointer + 2 * ADDRESS - 1 <= length;
  }
  return pointer + ADDRESS - 1 <= length;
}
