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
  const byPlace = new Map<string, PrintedCounters>();
  for (const rule of rules) {
    if (rule.family !== family) continue;
    byPlace.set(`${rule.table} ${rule.chain} ${rule.number ?? 'policy'}`, rule);
  }
  return {
    rule: (table, chain, number) => byPlace.get(`${table} ${chain} ${number}`),
    policy: (table, chain) => byPlace.get(`${table} ${chain} policy`),
  };
}
