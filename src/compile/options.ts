/** What a match does that cannot be evaluated: it is a problem, or it matches, or it does not. */
export type UnknownPolicy = 'error' | 'match' | 'nomatch';

export interface CompileOptions {
  /** Default: 'error', and the rule does not match. */
  readonly unknown?: UnknownPolicy;
}
