/** Walks over a packet's IPv6 extension headers, as ipv6_find_hdr() of exthdrs_core.c does. */
import { Packet } from '../packet';
import { byteAt } from './bytes';

const IPV6_HEADER: u32 = 40;
const NEXT: u32 = 6;
const FRAGMENT_HEADER: u32 = 8;

export const HEADER_HOP: u32 = 0;
export const HEADER_ROUTING: u32 = 43;
export const HEADER_FRAGMENT: u32 = 44;
export const HEADER_ESP: u32 = 50;
export const HEADER_AUTH: u32 = 51;
export const HEADER_NONE: u32 = 59;
export const HEADER_DEST: u32 = 60;

/** What searchHeader() returns when there is no such header, and when the headers are cut short. */
export const ABSENT: u32 = 0;
export const MALFORMED: u32 = u32.MAX_VALUE;

/** First extension header; its kind is at offset NEXT of the packet. */
export const FIRST_HEADER: u32 = IPV6_HEADER;

@inline
export function firstHeader(p: Packet): u32 {
  return byteAt(p, NEXT);
}

/** Whether another header follows one of this kind. */
@inline
export function isExtension(kind: u32): bool {
  return (
    kind == HEADER_HOP ||
    kind == HEADER_ROUTING ||
    kind == HEADER_FRAGMENT ||
    kind == HEADER_AUTH ||
    kind == HEADER_DEST
  );
}

/** Length of the extension header at `at`, as it says itself. */
export function headerLength(p: Packet, kind: u32, at: u32): u32 {
  if (kind == HEADER_FRAGMENT) return FRAGMENT_HEADER;
  const units = byteAt(p, at + 1);
  return kind == HEADER_AUTH ? (units + 2) << 2 : (units + 1) << 3;
}

/** Whether enough of a header is there to go on. */
@inline
function isReadable(p: Packet, kind: u32, at: u32): bool {
  return at + (kind == HEADER_ROUTING || kind == HEADER_FRAGMENT ? 4 : 2) <= p.ipLen;
}

/** Whether the header is a later fragment's: data follows. */
@inline
function isLaterFragment(p: Packet, kind: u32, at: u32): bool {
  return kind == HEADER_FRAGMENT && ((byteAt(p, at + 2) << 8) | byteAt(p, at + 3)) >= 8;
}

/** Offset of the first header of a kind; ABSENT or MALFORMED. */
export function searchHeader(p: Packet, kind: u32): u32 {
  let next = firstHeader(p);
  let at = FIRST_HEADER;
  while (isExtension(next)) {
    if (!isReadable(p, next, at)) return MALFORMED;
    if (next == kind) return at;
    if (isLaterFragment(p, next, at)) return ABSENT;
    const size = headerLength(p, next, at);
    next = byteAt(p, at);
    at += size;
  }
  return ABSENT;
}

/** What the headers end with; negative when that is cut short. */
export function lastHeader(p: Packet, stopsAtAuth: bool): i32 {
  let next = firstHeader(p);
  let at = FIRST_HEADER;
  while (isExtension(next)) {
    if (!isReadable(p, next, at)) return -1;
    if (isLaterFragment(p, next, at)) {
      const behind = byteAt(p, at);
      return isExtension(behind) ? -1 : <i32>behind;
    }
    if (next == HEADER_AUTH && stopsAtAuth) break;
    const size = headerLength(p, next, at);
    next = byteAt(p, at);
    at += size;
  }
  return next;
}
