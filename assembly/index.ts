export { FrameRecord } from './packet';
import { allocate } from './memory';
export function alloc(n: usize): usize { return allocate(n); }
