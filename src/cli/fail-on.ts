import { CLASSES, type TrafficClass } from '../analysis/names.ts';
import type { ReplayResult } from '../analysis/result.ts';
import { UsageError } from '../errors.ts';

/** A condition of --fail-on, and how often it came true. */
export interface FailCondition {
  readonly text: string;
  count(result: ReplayResult): number;
}

const WHOLE: ReadonlyMap<string, (result: ReplayResult) => number> = new Map([
  ['accept', ({ classes }) => classes.reduce((sum, { accepted }) => sum + accepted.packets, 0)],
  ['drop', ({ classes }) => classes.reduce((sum, { dropped }) => sum + dropped.packets, 0)],
  ['different', ({ evidence }) => evidence.different],
  [
    'ambiguous',
    ({ evidence: { outputAmbiguous, localDnatAmbiguous, dnatUndone } }) =>
      outputAmbiguous + localDnatAmbiguous + dnatUndone,
  ],
  ['assumed', ({ host }) => host.assumed.length],
] satisfies [string, (result: ReplayResult) => number][]);

/**
 * `drop` (rejected and queued count too), `accept`, either with `:CLASS`, `different`, `ambiguous`,
 * `assumed`; several separated by commas. Throws a UsageError.
 */
export function parseFailOn(text: string): FailCondition[] {
  return text.split(',').map((word) => parseCondition(word.trim()));
}

function parseCondition(text: string): FailCondition {
  const whole = WHOLE.get(text);
  if (whole !== undefined) return { text, count: whole };
  const [what, klass, ...more] = text.split(':');
  if ((what === 'drop' || what === 'accept') && isClass(klass) && more.length === 0) {
    const part = what === 'drop' ? 'dropped' : 'accepted';
    return {
      text,
      count: ({ classes }) => classes.find(({ name }) => name === klass)?.[part].packets ?? 0,
    };
  }
  throw new UsageError(
    `--fail-on: ${text} is none of ${[...WHOLE.keys()].join(', ')}, drop:CLASS, accept:CLASS`,
  );
}

function isClass(name: string | undefined): name is TrafficClass {
  return CLASSES.some((known) => known === name);
}
