/**
 * The part of struct ip_ct_tcp_state that is bits: window scale and flags. A connection has three,
 * of each direction and of the last SYN that was let through without being believed, in one word:
 *
 *     Conn.sides   original 10 │ reply 10 │ last SYN 10 │ 2 unused
 *     a side       scale 4 │ flags 6
 */
import { Conn } from './conn';

const SIDE_BITS: u32 = 10;
const SIDE: u32 = (1 << SIDE_BITS) - 1;
const SCALE_BITS: u32 = 4;
export const SCALE: u32 = (1 << SCALE_BITS) - 1;

export const LAST_SYN: u32 = 2; // a side, besides the directions

// IP_CT_TCP_FLAG_* of nf_conntrack_tcp.h, above the scale
export const SIDE_WINDOW_SCALE: u32 = 0x01 << SCALE_BITS;
export const SIDE_SACK_PERM: u32 = 0x02 << SCALE_BITS;
export const SIDE_CLOSE_INIT: u32 = 0x04 << SCALE_BITS;
export const SIDE_BE_LIBERAL: u32 = 0x08 << SCALE_BITS;
export const SIDE_DATA_UNACKNOWLEDGED: u32 = 0x10 << SCALE_BITS;
export const SIDE_MAXACK_SET: u32 = 0x20 << SCALE_BITS;
// of the last SYN alone, which has none of the four above
export const SYN_CHALLENGE_ACK: u32 = 0x10 << SCALE_BITS; // IP_CT_EXP_CHALLENGE_ACK
export const SYN_SIMULTANEOUS_OPEN: u32 = 0x20 << SCALE_BITS; // IP_CT_TCP_SIMULTANEOUS_OPEN
/** What a SYN says. */
export const SYN_OPTIONS: u32 = SCALE | SIDE_WINDOW_SCALE | SIDE_SACK_PERM;

/** Where a side begins in Conn.sides. */
@inline
export function sideShift(which: u32): u32 {
  return which * SIDE_BITS;
}

@inline
export function sideOf(conn: Conn, which: u32): u32 {
  return (conn.sides >> sideShift(which)) & SIDE;
}

@inline
export function setSide(conn: Conn, which: u32, side: u32): void {
  const shift = sideShift(which);
  conn.sides = (conn.sides & ~(SIDE << shift)) | (side << shift);
}

@inline
export function addToSide(conn: Conn, which: u32, flags: u32): void {
  conn.sides |= flags << sideShift(which);
}

@inline
export function takeFromSide(conn: Conn, which: u32, bits: u32): void {
  conn.sides &= ~(bits << sideShift(which));
}

/** Whether one of the directions has the flag. */
@inline
export function hasSide(conn: Conn, flag: u32): bool {
  return (conn.sides & (flag | (flag << SIDE_BITS))) != 0;
}
