/**
 * The last segment of a connection (last_* of struct ip_ct_tcp). What it was is one byte; its length
 * takes the place of its sequence number:
 *
 *     Conn.last   TCP_*_SET 3 │ direction 1 │ bits 16 to 19 of the length
 *
 * The kernel knows no segment of 1 MiB (GSO_MAX_SIZE), so two of equal ends and lengths had equal
 * sequence numbers.
 */
import { Conn } from './conn';

const INDEX: u32 = 7;
const DIR_SHIFT: u32 = 3;
const KIND: u32 = 15; // TCP_*_SET and direction
const LENGTH_SHIFT: u32 = 12; // of the length's upper bits
const LENGTH: u32 = 0xf0;

@inline
export function lastIndexOf(conn: Conn): u32 {
  return <u32>conn.last & INDEX;
}

@inline
export function lastDirOf(conn: Conn): u32 {
  return (<u32>conn.last >> DIR_SHIFT) & 1;
}

/** Whether the last segment was of this TCP_*_SET and direction. */
@inline
export function isLast(conn: Conn, index: u32, dir: u32): bool {
  return (<u32>conn.last & KIND) == (index | (dir << DIR_SHIFT));
}

/** Notes what a segment was, not its numbers. */
@inline
export function setLast(conn: Conn, index: u32, dir: u32): void {
  conn.last = <u8>((<u32>conn.last & LENGTH) | index | (dir << DIR_SHIFT));
}

/** Conn.last of a segment of `length` sequence numbers. */
@inline
export function lastOf(index: u32, dir: u32, length: u32): u32 {
  return index | (dir << DIR_SHIFT) | ((length >> LENGTH_SHIFT) & LENGTH);
}

/** Conn.last without TCP_*_SET: direction and length. */
@inline
export function withoutIndex(last: u32): u32 {
  return last & ~INDEX;
}

/** Where the last segment began. */
export function lastSeqOf(conn: Conn): u32 {
  return conn.lastEnd - (<u32>conn.lastLen | ((<u32>conn.last & LENGTH) << LENGTH_SHIFT));
}

/** Notes where a segment began and ended. */
@inline
export function setLastNumbers(conn: Conn, seq: u32, end: u32): void {
  const length = end - seq;
  conn.last = <u8>((<u32>conn.last & KIND) | ((length >> LENGTH_SHIFT) & LENGTH));
  conn.lastLen = <u16>length;
  conn.lastEnd = end;
}
