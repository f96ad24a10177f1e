/** SCTP's states and their transitions, as sctp_conntracks of nf_conntrack_proto_sctp.c. */

// enum sctp_conntrack
export const SCTP_NONE: u32 = 0;
export const SCTP_CLOSED: u32 = 1;
export const SCTP_COOKIE_WAIT: u32 = 2;
export const SCTP_COOKIE_ECHOED: u32 = 3;
export const SCTP_ESTABLISHED: u32 = 4;
export const SCTP_SHUTDOWN_SENT: u32 = 5;
export const SCTP_SHUTDOWN_RECD: u32 = 6;
export const SCTP_SHUTDOWN_ACK_SENT: u32 = 7;
export const SCTP_HEARTBEAT_SENT: u32 = 8;
export const SCTP_INVALID: u32 = 9; // SCTP_CONNTRACK_MAX

// Chunk types, RFC 9260 §3.2
export const CHUNK_DATA: u32 = 0;
export const CHUNK_INIT: u32 = 1;
export const CHUNK_INIT_ACK: u32 = 2;
export const CHUNK_HEARTBEAT: u32 = 4;
export const CHUNK_HEARTBEAT_ACK: u32 = 5;
export const CHUNK_ABORT: u32 = 6;
export const CHUNK_SHUTDOWN: u32 = 7;
export const CHUNK_SHUTDOWN_ACK: u32 = 8;
export const CHUNK_ERROR: u32 = 9;
export const CHUNK_COOKIE_ECHO: u32 = 10;
export const CHUNK_COOKIE_ACK: u32 = 11;
export const CHUNK_SHUTDOWN_COMPLETE: u32 = 14;

/**
 * New state by direction (2), chunk (11: INIT, INIT_ACK, ABORT, SHUTDOWN, SHUTDOWN_ACK, ERROR,
 * COOKIE_ECHO, COOKIE_ACK, SHUTDOWN_COMPLETE, HEARTBEAT, HEARTBEAT_ACK) and old state (9).
 */
// biome-ignore format: a table
const TRANSITIONS: usize = memory.data<u8>([
  // original
  1, 1, 2, 3, 4, 1, 1, 7, 2,
  1, 1, 2, 3, 4, 5, 6, 7, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 2, 3, 5, 5, 6, 7, 1,
  7, 1, 2, 3, 4, 7, 7, 7, 7,
  1, 1, 2, 3, 4, 5, 6, 7, 1,
  1, 1, 3, 3, 4, 5, 6, 7, 1,
  1, 1, 2, 4, 4, 5, 6, 7, 1,
  1, 1, 2, 3, 4, 5, 6, 1, 1,
  8, 1, 2, 3, 4, 5, 6, 7, 8,
  1, 1, 2, 3, 4, 5, 6, 7, 8,
  // reply
  9, 1, 2, 3, 4, 5, 6, 7, 9,
  9, 2, 2, 3, 4, 5, 6, 7, 9,
  9, 1, 1, 1, 1, 1, 1, 1, 9,
  9, 1, 2, 3, 6, 5, 6, 7, 9,
  9, 1, 2, 3, 4, 7, 7, 7, 9,
  9, 1, 2, 1, 4, 5, 6, 7, 9,
  9, 1, 3, 3, 4, 5, 6, 7, 9,
  9, 1, 2, 4, 4, 5, 6, 7, 9,
  9, 1, 2, 3, 4, 5, 6, 1, 9,
  9, 1, 2, 3, 4, 5, 6, 7, 8,
  9, 1, 2, 3, 4, 5, 6, 7, 4,
]);

function rowOf(chunk: u32): i32 {
  switch (chunk) {
    case CHUNK_INIT:
      return 0;
    case CHUNK_INIT_ACK:
      return 1;
    case CHUNK_ABORT:
      return 2;
    case CHUNK_SHUTDOWN:
      return 3;
    case CHUNK_SHUTDOWN_ACK:
      return 4;
    case CHUNK_ERROR:
      return 5;
    case CHUNK_COOKIE_ECHO:
      return 6;
    case CHUNK_COOKIE_ACK:
      return 7;
    case CHUNK_SHUTDOWN_COMPLETE:
      return 8;
    case CHUNK_HEARTBEAT:
      return 9;
    case CHUNK_HEARTBEAT_ACK:
      return 10;
  }
  return -1;
}

/** State after a chunk; chunks that are not in the table (DATA, SACK …) change nothing. */
export function sctpTransition(dir: u32, chunk: u32, state: u32): u32 {
  const row = rowOf(chunk);
  return row < 0 ? state : <u32>load<u8>(TRANSITIONS + (dir * 11 + <u32>row) * 9 + state);
}
