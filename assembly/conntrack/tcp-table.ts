/** TCP's states and their transitions, as tcp_conntracks of nf_conntrack_proto_tcp.c. */

// enum tcp_conntrack
export const TCP_NONE: u32 = 0;
export const TCP_SYN_SENT: u32 = 1;
export const TCP_SYN_RECV: u32 = 2;
export const TCP_ESTABLISHED: u32 = 3;
export const TCP_FIN_WAIT: u32 = 4;
export const TCP_CLOSE_WAIT: u32 = 5;
export const TCP_LAST_ACK: u32 = 6;
export const TCP_TIME_WAIT: u32 = 7;
export const TCP_CLOSE: u32 = 8;
export const TCP_SYN_SENT2: u32 = 9; // simultaneous open: SYN seen from the reply direction
export const TCP_INVALID: u32 = 10; // TCP_CONNTRACK_MAX
export const TCP_IGNORE: u32 = 11;

// enum tcp_bit_set: what a segment is, by its flags
export const TCP_SYN_SET: u32 = 0;
export const TCP_SYNACK_SET: u32 = 1;
export const TCP_FIN_SET: u32 = 2;
export const TCP_ACK_SET: u32 = 3;
export const TCP_RST_SET: u32 = 4;
export const TCP_NONE_SET: u32 = 5;

// Flag bits of the header.
export const FLAG_FIN: u32 = 1;
export const FLAG_SYN: u32 = 2;
export const FLAG_RST: u32 = 4;
export const FLAG_PSH: u32 = 8;
export const FLAG_ACK: u32 = 16;
export const FLAG_URG: u32 = 32;

/**
 * New state by direction (2), segment (6) and old state (10).
 * Columns: none, synSent, synRecv, established, finWait, closeWait, lastAck, timeWait, close,
 * synSent2.
 */
// biome-ignore format: a table
const TRANSITIONS: usize = memory.data<u8>([
  // original: SYN, SYN+ACK, FIN, ACK, RST, none
   1,  1, 11, 11, 11, 11, 11,  1,  1,  9,
  10, 10,  2, 10, 10, 10, 10, 10, 10,  2,
  10, 10,  4,  4,  6,  6,  6,  7,  8, 10,
   3, 10,  3,  3,  5,  5,  7,  7,  8, 10,
  10,  8,  8,  8,  8,  8,  8,  8,  8,  8,
  10, 10, 10, 10, 10, 10, 10, 10, 10, 10,
  // reply
  10,  9, 10, 10, 10, 10, 10,  1, 10,  9,
  10,  2, 11, 11, 11, 11, 11, 11, 11,  2,
  10, 10,  4,  4,  6,  6,  6,  7,  8, 10,
  10, 11,  2,  3,  5,  5,  7,  7,  8, 11,
  10,  8,  8,  8,  8,  8,  8,  8,  8,  8,
  10, 10, 10, 10, 10, 10, 10, 10, 10, 10,
]);

@inline
export function tcpTransition(dir: u32, index: u32, state: u32): u32 {
  return load<u8>(TRANSITIONS + (dir * 6 + index) * 10 + state);
}

/** What a segment with these flags is (get_conntrack_index). */
@inline
export function tcpIndex(flags: u32): u32 {
  return (flags & (FLAG_FIN | FLAG_SYN | FLAG_RST | FLAG_ACK)) == FLAG_ACK
    ? TCP_ACK_SET
    : rareIndex(flags);
}

function rareIndex(flags: u32): u32 {
  if (flags & FLAG_RST) return TCP_RST_SET;
  if (flags & FLAG_SYN) return flags & FLAG_ACK ? TCP_SYNACK_SET : TCP_SYN_SET;
  if (flags & FLAG_FIN) return TCP_FIN_SET;
  return flags & FLAG_ACK ? TCP_ACK_SET : TCP_NONE_SET;
}

/** Whether flags may occur together; PSH, ECE and CWR always may (tcp_valid_flags). */
@inline
export function tcpFlagsValid(flags: u32): bool {
  return (flags & (FLAG_FIN | FLAG_SYN | FLAG_RST | FLAG_ACK)) == FLAG_ACK || rareValid(flags);
}

function rareValid(flags: u32): bool {
  switch (flags & (FLAG_FIN | FLAG_SYN | FLAG_RST | FLAG_ACK | FLAG_URG)) {
    case FLAG_SYN:
    case FLAG_SYN | FLAG_URG:
    case FLAG_SYN | FLAG_ACK:
    case FLAG_RST:
    case FLAG_RST | FLAG_ACK:
    case FLAG_FIN | FLAG_ACK:
    case FLAG_FIN | FLAG_ACK | FLAG_URG:
      return true;
  }
  return false;
}
