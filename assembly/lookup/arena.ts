/**
 * Memory for things that are built once and stay: small pieces, 8-byte aligned and zeroed, carved
 * out of large ones. Each instance has its own arena; what it builds may be shared.
 */
import { allocate } from '../memory';

const CHUNK: usize = 1 << 16;

let cursor: usize = 0;
let limit: usize = 0;

/** Address of `bytes` zeroed bytes for good; 0: out of memory. */
export function reserve(bytes: usize): usize {
  const size = (bytes + 7) & ~7;
  if (size > limit - cursor) {
    if (size >= CHUNK / 4) return allocate(size);
    cursor = allocate(CHUNK);
    limit = cursor == 0 ? 0 : cursor + CHUNK;
    if (cursor == 0) return 0;
  }
  const at = cursor;
  cursor += size;
  return at;
}
