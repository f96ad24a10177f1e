import { UsageError } from '../errors.ts';

/** What a match does that cannot be evaluated: it is a problem, or it matches, or it does not. */
export type UnknownPolicy = (typeof POLICIES)[number];

const POLICIES = ['error', 'match', 'nomatch'] as const;

export interface CompileOptions {
  /** Default: 'error', and the rule does not match. */
  readonly unknown?: UnknownPolicy;
}

/** Of callers without types, too. */
export function unknownPolicy({ unknown = 'error' }: CompileOptions): UnknownPolicy {
  if (POLICIES.includes(unknown)) return unknown;
  throw new UsageError(`unknown: expected one of ${POLICIES.join(', ')}, not ${unknown}`);
}
