/**
 * What is kept of each frame that the loop (replay.ts) looks ahead at:
 *
 *     0 u32 frame record │ AHEAD_REF u32 its connection's reference │ AHEAD_HASH u32 of its tuple
 */
export const AHEAD_ENTRY: usize = 16;
export const AHEAD_REF: usize = 4;
export const AHEAD_HASH: usize = 8;
