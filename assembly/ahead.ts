/**
 * What is kept of each frame that the loop (replay.ts) looks ahead at:
 *
 *     0 u32 frame record │ AHEAD_REF u32 hash of its tuple, then its connection's reference
 */
export const AHEAD_ENTRY: usize = 8;
export const AHEAD_REF: usize = 4;
