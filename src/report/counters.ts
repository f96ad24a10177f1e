import type { ReplayResult } from '../analysis/result.ts';
import type { Compiled } from '../compile/compiled.ts';
import { type CounterSource, type PrintedCounters, printCounters } from '../ruleset/index.ts';
import type { Family } from '../ruleset/values.ts';

/**
 * The host's rule set as `iptables-save -c` (or `ip6tables-save -c`) text, with the counters of
 * this replay alone; empty where the host has no rules of the family.
 */
export function countersText(compiled: Compiled, result: ReplayResult, family: Family): string {
  const { v4, v6 } = compiled.host.rulesets;
  const ruleset = family === 4 ? v4 : v6;
  return ruleset === null ? '' : printCounters(ruleset, counterSource(result, family));
}

function counterSource({ rules }: ReplayResult, family: Family): CounterSource {
  const tables = new Map<string, Map<string, OwnCounters>>();
  for (const rule of rules) {
    if (rule.family !== family) continue;
    const chains = entry(tables, rule.table, () => new Map<string, OwnCounters>());
    const own = entry(chains, rule.chain, () => ({ policy: undefined, rules: [] }));
    if (rule.number === null) own.policy = rule;
    else own.rules[rule.number - 1] = rule;
  }
  return (table, chain) => tables.get(table)?.get(chain);
}

interface OwnCounters {
  policy: PrintedCounters | undefined;
  readonly rules: PrintedCounters[];
}

function entry<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
