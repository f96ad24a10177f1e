/**
 * Matches that look into headers and payload: TCP options, keys of ESP, AH and IPComp, u32, string.
 */
import { Packet } from '../../packet';
import { byteAt, isStripped, wordAt } from '../bytes';
import { matchPayload } from '../record';
import { isInverted } from './header';

const TCP_HEADER: u32 = 20;
const TCPOPT_MSS: u32 = 2;
const TCPOLEN_MSS: u32 = 4;

@inline
function l4Byte(p: Packet, offset: u32): u32 {
  if (isStripped(p) && offset >= TCP_HEADER) return byteAt(p, p.l4 - p.l3 + offset);
  return offset < p.l4Cap ? <u32>load<u8>(<usize>p.l4 + offset) : 0;
}

function l4Word(p: Packet, offset: u32): u32 {
  return offset + 4 <= p.l4Cap ? bswap<u32>(load<u32>(<usize>p.l4 + offset)) : 0;
}

/** End of the TCP header; 0 and a hotdrop when it is impossible. */
function tcpHeaderEnd(p: Packet): u32 {
  if (p.fragOff == 0 && p.l4Len >= TCP_HEADER) {
    const end = (l4Byte(p, 12) >> 4) * 4;
    if (end >= TCP_HEADER && end <= p.l4Len) return end;
  }
  p.hotdrop = 1;
  return 0;
}

/** Offset of a TCP option; 0: not there. Options are read as tcp_find_option() does. */
function tcpOption(p: Packet, kind: u32, end: u32): u32 {
  let at = TCP_HEADER;
  while (at < end) {
    const found = l4Byte(p, at);
    if (found == kind) return at;
    const length = found < 2 ? 1 : l4Byte(p, at + 1);
    at += length == 0 ? 1 : length;
  }
  return 0;
}

/** MATCH_TCP_OPTION */
export function tcpOptionMatches(p: Packet, match: usize): bool {
  const kind = load<u32>(matchPayload(match));
  const end = tcpHeaderEnd(p);
  if (end == 0) return false;
  const isAdded = kind == TCPOPT_MSS && p.mssAdded != 0 && p.mss != 0;
  const there = isAdded || tcpOption(p, kind, end) != 0;
  return there != isInverted(match);
}

/** The MSS that the packet's SYN announces now; -1: no such option. */
export function announcedMss(p: Packet, end: u32): i32 {
  if (p.mss != 0) return p.mss;
  let at = TCP_HEADER;
  while (at < end) {
    const kind = l4Byte(p, at);
    if (kind == TCPOPT_MSS && end - at >= TCPOLEN_MSS && l4Byte(p, at + 1) == TCPOLEN_MSS) {
      return (l4Byte(p, at + 2) << 8) | l4Byte(p, at + 3);
    }
    const length = kind < 2 ? 1 : l4Byte(p, at + 1);
    at += length == 0 ? 1 : length;
  }
  return -1;
}

/** MATCH_TCPMSS (xt_tcpmss.c) */
export function tcpmssMatches(p: Packet, match: usize): bool {
  const end = tcpHeaderEnd(p);
  if (end == 0) return false;
  const at = matchPayload(match);
  const mss = announcedMss(p, end);
  const holds = mss >= 0 && <u32>mss >= load<u32>(at) && <u32>mss <= load<u32>(at, 4);
  return holds != isInverted(match);
}

/** MATCH_SPI (xt_esp.c): MATCH_HEADER came before. */
export function spiMatches(p: Packet, match: usize): bool {
  const at = matchPayload(match);
  const spi = l4Word(p, 0);
  return (spi >= load<u32>(at) && spi <= load<u32>(at, 4)) != isInverted(match);
}

/** MATCH_AH of IPv4 (ipt_ah.c): the SPI alone. */
export function ahMatches(p: Packet, match: usize): bool {
  const at = matchPayload(match);
  const spi = l4Word(p, 4);
  return (spi >= load<u32>(at) && spi <= load<u32>(at, 4)) != isInverted(match);
}

/** MATCH_IPCOMP (xt_ipcomp.c): the CPI is a 16-bit number at offset 2. */
export function ipcompMatches(p: Packet, match: usize): bool {
  const at = matchPayload(match);
  const cpi = (l4Byte(p, 2) << 8) | l4Byte(p, 3);
  const holds = cpi >= load<u32>(at) && cpi <= load<u32>(at, 4);
  return holds != isInverted(match);
}

/**
 * MATCH_U32: u32 tests, then per test u32 steps, u32 ranges, u32 offset, steps × {u32 operator, u32
 * number}, ranges × {u32 min, u32 max}. Operators: 0 and, 1 left, 2 right, 3 at (xt_u32.c).
 */
export function u32Matches(p: Packet, match: usize): bool {
  return u32Holds(p, matchPayload(match)) != isInverted(match);
}

function u32Holds(p: Packet, payload: usize): bool {
  const length = p.ipLen;
  let at = payload + 8;
  for (let tests = load<u32>(payload); tests != 0; tests--) {
    const steps = load<u32>(at);
    const ranges = load<u32>(at, 4);
    const offset = load<u32>(at, 8);
    at += 16;
    const next = at + <usize>(steps + ranges) * 8;
    if (length < 4 || offset > length - 4) return false;
    let value = wordAt(p, offset);
    let base: u32 = 0;
    for (let i: u32 = 0; i < steps; i++) {
      const number = load<u32>(at, 4);
      switch (load<u32>(at)) {
        case 0:
          value &= number;
          break;
        case 1:
          value = number > 31 ? 0 : value << number;
          break;
        case 2:
          value = number > 31 ? 0 : value >> number;
          break;
        default:
          if (base + value < base) return false;
          base += value;
          if (base + 4 < base || length < base + 4 || number > length - base - 4) return false;
          value = wordAt(p, base + number);
      }
      at += 8;
    }
    let found = false;
    for (let i: u32 = 0; i < ranges && !found; i++) {
      found = value >= load<u32>(at) && value <= load<u32>(at, 4);
      at += 8;
    }
    if (!found) return false;
    at = next;
  }
  return true;
}

/** MATCH_STRING: u32 from, u32 to, u32 pattern bytes, u32 ignore case, pattern (xt_string.c). */
export function stringMatches(p: Packet, match: usize): bool {
  return containsString(p, matchPayload(match)) != isInverted(match);
}

function containsString(p: Packet, at: usize): bool {
  const bytes = load<u32>(at, 8);
  const fold = load<u32>(at, 12) != 0;
  const end = min<u32>(load<u32>(at, 4), p.capLen);
  if (bytes > end) return false;
  for (let start = load<u32>(at); start <= end - bytes; start++) {
    let i: u32 = 0;
    while (i < bytes && same(byteAt(p, start + i), load<u8>(at + 16 + i), fold)) i++;
    if (i == bytes) return true;
  }
  return false;
}

@inline
function same(a: u32, b: u32, fold: bool): bool {
  return a == b || (fold && toLower(a) == toLower(b));
}

@inline
function toLower(c: u32): u32 {
  return c >= 0x41 && c <= 0x5a ? c | 0x20 : c;
}
