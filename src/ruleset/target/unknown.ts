/**
 * A target that is not known, or that is known and written in a way that is not understood. The
 * parser has reported it; whoever goes on decides what it does.
 */
export interface UnknownTarget {
  readonly kind: 'unknown';
  readonly name: string;
  /** `-j name` and its options as written. */
  readonly text: string;
  /** 1-based. */
  readonly line: number;
}
