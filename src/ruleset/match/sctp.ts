import type { Invertible, PortMatch } from '../values.ts';

/** `flags` compared under `flagMask`; flagMask 0 looks at the type alone. */
export interface SctpChunkType {
  readonly type: number;
  readonly flagMask: number;
  readonly flags: number;
}

export interface SctpChunks extends Invertible {
  readonly mode: 'all' | 'any' | 'only';
  readonly types: readonly SctpChunkType[];
}

/** -m sctp */
export interface SctpMatch {
  readonly kind: 'sctp';
  readonly srcPorts: PortMatch | null;
  readonly dstPorts: PortMatch | null;
  readonly chunks: SctpChunks | null;
}
