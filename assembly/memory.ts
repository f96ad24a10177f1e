/**
 * Memory. All instances share one linear memory; nothing in it is moved or garbage collected.
 * A worker takes large private regions, page by page, and carves small ones out of them. Static
 * data is constant: every instance writes the same bytes at start. A memory that has served and is
 * zeroed can serve again.
 */
import { MEMORY_FIRST_PAGE, MEMORY_TAKEN_PAGES } from './abi';

const PAGE: usize = 65536;
const FIRST_PAGE: u32 = MEMORY_FIRST_PAGE;
const TAKEN_PAGES: usize = MEMORY_TAKEN_PAGES;
const CHUNK: usize = 1 << 20;
/** Bytes of the operating system's pages, or less. */
export const SYSTEM_PAGE: usize = 4096;

let cursor: usize = 0;
let limit: usize = 0;

/** Zeroes `bytes` (a multiple of 16) at `at`: for small fixed records, where a call costs more. */
@inline
export function clear(at: usize, bytes: usize): void {
  const zero = i64x2.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) v128.store(at + i, zero);
}

/**
 * Address of `bytes` zeroed bytes, 64-byte aligned, owned by the caller for good; 0: out of memory.
 */
export function allocate(bytes: usize): usize {
  const size = (bytes + 63) & ~63;
  if (size > limit - cursor) {
    const want = size > CHUNK ? size : CHUNK;
    const pages = <u32>((want + PAGE - 1) / PAGE);
    const base = takePages(pages);
    if (base == 0) return 0;
    if (base != limit) cursor = base; // another worker took some in between: the rest is given up
    limit = base + <usize>pages * PAGE;
  }
  const at = cursor;
  cursor += size;
  return at;
}

/** Address of pages that nobody has; 0: out of memory. */
function takePages(pages: u32): usize {
  const first = FIRST_PAGE + atomic.add<u32>(TAKEN_PAGES, pages);
  const end = first + pages;
  while (<u32>memory.size() < end) {
    if (memory.grow(<i32>(end - <u32>memory.size())) < 0 && <u32>memory.size() < end) {
      atomic.sub<u32>(TAKEN_PAGES, pages);
      return 0;
    }
  }
  return <usize>first * PAGE;
}

/**
 * Writes to the page of `at`, a multiple of 4, without changing it. Memory that is read before it is
 * written costs two page faults in place of one, and the second makes every thread of the process
 * forget its translations. (An addition of 0 is a load and an exchange to V8, so it would read.)
 */
@inline
export function touch(at: usize): void {
  atomic.cmpxchg<u32>(at, 0, 0);
}

/** Zeroes the pages that were given out, so that they can be given out again. */
export function takeBackPages(): void {
  const pages = load<u32>(TAKEN_PAGES);
  memory.fill(<usize>FIRST_PAGE * PAGE, 0, <usize>pages * PAGE);
  store<u32>(TAKEN_PAGES, 0);
}
