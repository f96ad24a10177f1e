/** What IPv4 and IPv6 share of putting datagrams together: copies of fragments, and their whole. */
import { minU32 } from './bytes';
import {
  Defrag,
  FRAG_FIRST_IN,
  FRAG_LAST_IN,
  FragQueue,
  Fragment,
  fragmentData,
  newFragment,
} from './frag-memory';

export const MAX_DATAGRAM: u32 = 65535;
const ECN_MASK: u32 = 3;
const ECN_CE: u32 = 3;
/** mergedEcn(): the datagram is given up. */
export const ECN_BAD: u32 = 0xff;

// What became of a fragment.
/** It waits for the others. */
export const FRAGMENT_QUEUED: u32 = 0;
/** The kernel drops it, and perhaps what was queued of its datagram. */
export const FRAGMENT_DROPPED: u32 = 1;
/** It passes as it is. */
export const FRAGMENT_PASSED: u32 = 2;
/** Its datagram is whole. */
export const FRAGMENT_LAST: u32 = 3;

/**
 * Copies a fragment, of which `capLen` bytes from `l3` on were captured: `header` bytes before the
 * payload at `l3 + skip`, of `len` bytes. Null when memory runs out.
 */
export function copyFragment(
  d: Defrag,
  l3: usize,
  capLen: u32,
  header: u32,
  skip: u32,
  offset: u32,
  len: u32,
): Fragment {
  const cap = capLen > skip ? minU32(capLen - skip, len) : 0;
  const kept = offset == 0 ? header : 0;
  const piece = newFragment(d, kept + cap);
  if (changetype<usize>(piece) == 0) return piece;
  piece.offset = offset;
  piece.len = len;
  piece.cap = cap;
  piece.header = kept;
  piece.headerCap = minU32(kept, capLen);
  const data = fragmentData(piece);
  memory.copy(data, l3, piece.headerCap);
  memory.fill(data + piece.headerCap, 0, kept - piece.headerCap);
  memory.copy(data + kept, l3 + skip, cap);
  return piece;
}

/**
 * Lays the datagram out at `to`: the first fragment's header, then the payload, zeros where bytes
 * were not captured. Returns how many bytes from the start were captured.
 */
export function assemble(q: FragQueue, to: usize): u32 {
  const first = changetype<Fragment>(<usize>q.runs);
  memory.copy(to, fragmentData(first), first.header);
  const payload = to + first.header;
  let captured = first.headerCap;
  let whole = first.headerCap == first.header;
  let run = first;
  while (changetype<usize>(run) != 0) {
    let piece = run;
    while (changetype<usize>(piece) != 0) {
      memory.copy(payload + piece.offset, fragmentData(piece) + piece.header, piece.cap);
      memory.fill(payload + piece.offset + piece.cap, 0, piece.len - piece.cap);
      if (whole) captured += piece.cap;
      if (piece.cap < piece.len) whole = false;
      piece = changetype<Fragment>(<usize>piece.next);
    }
    run = changetype<Fragment>(<usize>run.nextRun);
  }
  return captured;
}

/** RFC 3168 5.3 by ip_frag_ecn_table: bits to set in the ECN field, or ECN_BAD. */
export function mergedEcn(seen: u32): u32 {
  const notEct = seen & 1;
  const ect = seen & 6; // ECT(1) is bit 1, ECT(0) bit 2
  const ce = seen & 8;
  if (notEct && seen != 1) return ECN_BAD;
  return ce && ect ? ECN_CE : 0;
}

@inline
export function isComplete(q: FragQueue): bool {
  return q.flags == (FRAG_FIRST_IN | FRAG_LAST_IN) && q.meat == q.len;
}

/** Notes a queued fragment's ECN field, by the header's TOS. */
@inline
export function noteEcn(q: FragQueue, tos: u32): void {
  q.ecn |= <u8>(<u32>1 << (tos & ECN_MASK));
}
