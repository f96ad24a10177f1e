/** -j or -g with a user chain; the rule's `goto` tells which. */
export interface JumpTarget {
  readonly kind: 'jump';
  readonly chain: string;
}
