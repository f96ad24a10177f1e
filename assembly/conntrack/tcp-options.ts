/**
 * TCP options that conntrack reads (tcp_options() and tcp_sack() of nf_conntrack_proto_tcp.c).
 * `l4` is the TCP header; `have` its captured bytes, at least 20.
 */
import { SCALE, SIDE_BE_LIBERAL, SIDE_SACK_PERM, SIDE_WINDOW_SCALE } from './tcp-side';

const HEADER: u32 = 20;
const OPTION_NOP: u32 = 1;
const OPTION_WINDOW: u32 = 3;
const OPTION_SACK_PERM: u32 = 4;
const OPTION_SACK: u32 = 5;
const MAX_SCALE: u32 = 14; // RFC 7323 §2.3
export const TIMESTAMP_ALIGNED: u32 = 0x0a080101; // NOP NOP timestamp 10, as loaded

@inline
export function headerLength(l4: usize): u32 {
  return <u32>(load<u8>(l4, 12) >> 4) * 4;
}

/**
 * The side (tcp-side.ts) that a SYN leaves of `side`: its window scale and whether it permits SACK.
 * Options that the capture cut off may have held a scale: then this side's windows cannot be judged.
 */
export function readSynOptions(l4: usize, have: u32, side: u32): u32 {
  const length = headerLength(l4);
  if (length == HEADER) return side;
  let read = side & SIDE_BE_LIBERAL;
  if (length > have) return read | SIDE_BE_LIBERAL | SIDE_SACK_PERM;
  for (let at = HEADER; at < length; ) {
    const kind: u32 = load<u8>(l4 + at);
    if (kind == 0) return read; // end of options
    if (kind == OPTION_NOP) {
      at++;
      continue;
    }
    if (at + 2 > length) return read;
    const size: u32 = load<u8>(l4 + at, 1);
    if (size < 2 || at + size > length) return read;
    if (kind == OPTION_SACK_PERM && size == 2) read |= SIDE_SACK_PERM;
    else if (kind == OPTION_WINDOW && size == 3) {
      const scale = min<u32>(load<u8>(l4 + at, 2), MAX_SCALE);
      read = (read & ~SCALE) | scale | SIDE_WINDOW_SCALE;
    }
    at += size;
  }
  return read;
}

/** The highest sequence number that the segment acknowledges: `ack` or the end of a SACK block. */
export function highestSack(l4: usize, have: u32, ack: u32): u32 {
  const length = headerLength(l4);
  if (length == HEADER || length > have) return ack;
  if (length == HEADER + 12 && load<u32>(l4, HEADER) == TIMESTAMP_ALIGNED) return ack;
  let sack = ack;
  for (let at = HEADER; at < length; ) {
    const kind: u32 = load<u8>(l4 + at);
    if (kind == 0) return sack;
    if (kind == OPTION_NOP) {
      at++;
      continue;
    }
    if (at + 2 > length) return sack;
    const size: u32 = load<u8>(l4 + at, 1);
    if (size < 2 || at + size > length) return sack;
    if (kind == OPTION_SACK && size >= 10 && (size - 2) % 8 == 0) {
      for (let i: u32 = 2; i < size; i += 8) {
        const right = bswap<u32>(load<u32>(l4 + at + i, 4));
        if (<i32>(right - sack) > 0) sack = right;
      }
      return sack;
    }
    at += size;
  }
  return sack;
}
