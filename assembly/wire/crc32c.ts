/** CRC-32C (Castagnoli), the checksum of SCTP (RFC 9260, appendix A). */
import { allocate } from '../memory';

const POLYNOMIAL: u32 = 0x82f63b78; // reflected
let table: usize = 0; // 256 u32, this worker's

function buildTable(): bool {
  table = allocate(1024);
  if (table == 0) return false;
  for (let i: u32 = 0; i < 256; i++) {
    let c = i;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >> 1) ^ POLYNOMIAL : c >> 1;
    store<u32>(table + <usize>i * 4, c);
  }
  return true;
}

/**
 * CRC of `len` bytes at `at`, with the four bytes at `hole` taken for zero. The result is as SCTP
 * stores it: read from memory as a little-endian word.
 */
export function crc32c(at: usize, len: u32, hole: u32): u32 {
  if (table == 0 && !buildTable()) return 0;
  let crc: u32 = 0xffffffff;
  for (let i: u32 = 0; i < len; i++) {
    const byte = i - hole < 4 ? 0 : <u32>load<u8>(at + i);
    crc = load<u32>(table + <usize>((crc ^ byte) & 255) * 4) ^ (crc >> 8);
  }
  return ~crc;
}
