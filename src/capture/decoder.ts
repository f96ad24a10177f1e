/**
 * A decompressor that is fed piece by piece. Both calls return what could be decompressed; they
 * reject where the compressed stream is damaged, and what was decompressed before that is in
 * `rescued`.
 */
export interface Decoder {
  push(piece: Uint8Array): Promise<Uint8Array[]>;
  end(): Promise<Uint8Array[]>;
  readonly rescued: Uint8Array[];
}

/** The compressed bytes from one on, once more; undefined: they are gone. */
export type Reread = (from: number) => AsyncIterable<Uint8Array> | undefined;

/** Damage at a known byte of the compressed file. */
export class DamageError extends Error {
  readonly position: number;

  constructor(cause: unknown, position: number) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.position = position;
  }
}

/** Bytes pushed at a time: what they can swell to stays in memory until it is read. */
export const PIECE_BYTES = 16 * 1024;
