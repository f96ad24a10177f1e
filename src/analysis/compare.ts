import type { ReplayResult, RuleCounters } from './result.ts';

/** What `--unknown both` found: where the answer depends on extensions that are not known. */
export interface UnknownReport {
  readonly differs: readonly UnknownDifference[];
}

export interface UnknownDifference {
  /** Such as "drop", "published, accepted" or "filter INPUT rule 3, line 12". */
  readonly what: string;
  /** Packets if the unknown extensions match, and if they do not. */
  readonly ifMatch: number;
  readonly ifNomatch: number;
}

/** What differs between a replay in which unknown extensions match and one in which they do not. */
export function compareUnknown(match: ReplayResult, nomatch: ReplayResult): UnknownReport {
  const differs = [
    ...differences(verdicts(match), verdicts(nomatch)),
    ...differences(classes(match), classes(nomatch)),
    ...differences(rules(match), rules(nomatch)),
  ];
  return { differs };
}

type Counts = ReadonlyMap<string, number>;

function differences(match: Counts, nomatch: Counts): UnknownDifference[] {
  return [...new Set([...match.keys(), ...nomatch.keys()])]
    .map((what) => ({ what, ifMatch: match.get(what) ?? 0, ifNomatch: nomatch.get(what) ?? 0 }))
    .filter(({ ifMatch, ifNomatch }) => ifMatch !== ifNomatch);
}

function verdicts(result: ReplayResult): Counts {
  return new Map(result.verdicts.map(({ name, packets }) => [name, packets]));
}

function classes(result: ReplayResult): Counts {
  return new Map(
    result.classes.flatMap(({ name, accepted, dropped }) => [
      [`${name}, accepted`, accepted.packets] as const,
      [`${name}, dropped`, dropped.packets] as const,
    ]),
  );
}

function rules(result: ReplayResult): Counts {
  return new Map(result.rules.map((rule) => [ruleName(rule), rule.packets]));
}

function ruleName({ family, table, chain, number, line }: RuleCounters): string {
  const place = number === null ? 'policy' : `rule ${number}, line ${line}`;
  return `${family === 6 ? 'v6 ' : ''}${table} ${chain} ${place}`;
}
