/** Chunks of SCTP (xt_sctp.c), types and options of DCCP (xt_dccp.c). MATCH_HEADER came before. */
import { Packet } from '../../packet';
import { matchPayload } from '../record';
import { isInverted } from './header';

const SCTP_HEADER: u32 = 12;
const CHUNK_HEADER: u32 = 4;
const MODE_ALL: u32 = 0;
const MODE_ANY: u32 = 1;
const MODE_ONLY: u32 = 2;

@inline
function byte(p: Packet, offset: u32): u32 {
  return offset < p.l4Cap ? <u32>load<u8>(<usize>p.l4 + offset) : 0;
}

/** MATCH_SCTP_CHUNKS */
export function sctpChunksMatch(p: Packet, match: usize): bool {
  const at = matchPayload(match);
  const holds = chunksHold(p, load<u32>(at), load<u32>(at, 4), at + 8);
  return p.hotdrop ? false : holds != isInverted(match);
}

function chunksHold(p: Packet, mode: u32, count: u32, wanted: usize): bool {
  let missing: u64 = count < 64 ? ((<u64>1 << count) - 1) : u64.MAX_VALUE;
  let offset = SCTP_HEADER;
  do {
    const length = (byte(p, offset + 2) << 8) | byte(p, offset + 3);
    if (offset + CHUNK_HEADER > p.l4Len || length == 0) {
      p.hotdrop = 1;
      return false;
    }
    const index = indexOf(byte(p, offset), wanted, count);
    const flagsHold = index >= 0 && chunkFlagsHold(byte(p, offset + 1), wanted + (index << 2));
    if (mode == MODE_ANY && flagsHold) return true;
    if (mode == MODE_ONLY && !flagsHold) return false;
    if (mode == MODE_ALL && flagsHold) missing &= ~(<u64>1 << index);
    offset += (length + 3) & ~3;
  } while (offset < p.l4Len);
  return mode == MODE_ALL ? missing == 0 : mode == MODE_ONLY;
}

/** Position of a chunk type among those wanted; -1: not there. */
function indexOf(type: u32, wanted: usize, count: u32): i32 {
  for (let i: u32 = 0; i < count; i++) {
    if (<u32>load<u8>(wanted + (<usize>i << 2)) == type) return i;
  }
  return -1;
}

@inline
function chunkFlagsHold(flags: u32, wanted: usize): bool {
  return (flags & <u32>load<u8>(wanted, 1)) == <u32>load<u8>(wanted, 2);
}

/** MATCH_DCCP */
export function dccpMatches(p: Packet, match: usize): bool {
  const at = matchPayload(match);
  const type = (byte(p, 8) >> 1) & 15;
  if (<bool>((load<u32>(at) >> type) & 1) == (load<u32>(at, 4) != 0)) return false;
  const option = load<u32>(at, 8);
  if (option == 0) return true;
  const there = hasDccpOption(p, type, option);
  return p.hotdrop ? false : there != (load<u32>(at, 12) != 0);
}

/** dccp_find_option() */
function hasDccpOption(p: Packet, type: u32, option: u32): bool {
  const end = byte(p, 4) * 4;
  let at: u32 = (byte(p, 8) & 1 ? 16 : 12) + typeHeader(type);
  // All options must be there, if there are any.
  if (end < 12 || at > end || (at < end && end > p.l4Len)) {
    p.hotdrop = 1;
    return false;
  }
  while (at < end) {
    const found = byte(p, at);
    if (found == option) return true;
    const length = found < 2 ? 1 : byte(p, at + 1);
    at += length == 0 ? 1 : length;
  }
  return false;
}

/** dccp_packet_hdr_len() */
function typeHeader(type: u32): u32 {
  if (type == 2) return 0; // DATA
  if (type == 0) return 4; // REQUEST
  return type == 1 || type == 7 || type > 9 ? 12 : 8; // RESPONSE, RESET, none; others acknowledge
}
