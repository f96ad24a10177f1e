/**
 * Memory. All instances share one linear memory; nothing in it is moved or garbage collected.
 * A worker takes large private regions by growing the memory, which is atomic, and carves small
 * ones out of them. Static data is constant: every instance writes the same bytes at start.
 */
const PAGE: usize = 65536;
const CHUNK: usize = 1 << 20;

let cursor: usize = 0;
let limit: usize = 0;

/** Zeroes `bytes` (a multiple of 16) at `at`: for small fixed records, where a call costs more. */
@inline
export function clear(at: usize, bytes: usize): void {
  const zero = i64x2.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) v128.store(at + i, zero);
}

/** Address of `bytes` zeroed bytes, 64-byte aligned, owned by the caller for good; 0: out of memory. */
export function allocate(bytes: usize): usize {
  const size = (bytes + 63) & ~63;
  if (size > limit - cursor) {
    const want = size > CHUNK ? size : CHUNK;
    const pages = <i32>((want + PAGE - 1) / PAGE);
    const before = memory.grow(pages);
    if (before < 0) return 0;
    const base = <usize>before * PAGE;
    if (base != limit) cursor = base; // another worker grew in between: the rest is given up
    limit = base + <usize>pages * PAGE;
    if (cursor == 0) cursor = base;
  }
  const at = cursor;
  cursor += size;
  return at;
}
