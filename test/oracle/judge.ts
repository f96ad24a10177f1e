/** One random case, judged by the oracle: rules, packets, outcomes, counters. */

import { parseRuleset } from '../../src/ruleset/index.ts';
import type { Rule } from '../../src/ruleset/rule.ts';
import type { Ruleset } from '../../src/ruleset/ruleset.ts';
import { Connections } from './connections.ts';
import { generateRules } from './generate-rules.ts';
import { Traffic } from './generate-traffic.ts';
import type { Arrival } from './packet.ts';
import { type OracleOutcome, Pipeline } from './pipeline.ts';
import { Random } from './random.ts';
import { type Count, Rules } from './walk.ts';

export interface CaseSize {
  readonly rulesPerTable: number;
  readonly packets: number;
  readonly ordered: boolean;
}

export interface OracleCase {
  readonly seed: number;
  readonly rules: string;
  readonly ruleset: Ruleset;
  /** Whether anything in the rules makes the kernel track connections. */
  readonly tracks: boolean;
  readonly arrivals: readonly Arrival[];
  readonly outcomes: readonly OracleOutcome[];
  readonly counts: Rules['counts'];
}

const TRACKING_KINDS = ['conntrack', 'state', 'connmark', 'CONNMARK'];

function asksConntrack(rule: Rule): boolean {
  const kinds = [...rule.matches.map(({ kind }) => kind), rule.target?.kind ?? ''];
  return kinds.some((kind) => TRACKING_KINDS.includes(kind));
}

export function judgeSeed(seed: number, size: CaseSize): OracleCase {
  const random = new Random(seed);
  const rules = generateRules(random, size);
  const { ruleset, problems } = parseRuleset(rules, { file: `seed ${seed}`, family: 4 });
  if (problems.length > 0) throw problems[0];
  const tracks = ruleset.tables.some(
    (table) =>
      table.name === 'nat' || table.chains.some((chain) => chain.rules.some(asksConntrack)),
  );
  const walked = new Rules(ruleset);
  const connections = new Connections(random);
  const pipeline = new Pipeline(walked, connections, tracks);
  const traffic = new Traffic(random);
  const arrivals: Arrival[] = [];
  const outcomes: OracleOutcome[] = [];
  for (let n = 0; n < size.packets; n++) {
    if (random.chance(0.005)) {
      traffic.pause();
      connections.expireAll();
    }
    const arrival = traffic.next();
    const outcome = pipeline.receive(arrival);
    traffic.learn(outcome);
    arrivals.push(arrival);
    outcomes.push(outcome);
  }
  return { seed, rules, ruleset, tracks, arrivals, outcomes, counts: walked.counts };
}

/** Counters by "table chain number", "table chain policy". */
export function countsByPlace({ ruleset, counts }: OracleCase): Map<string, Count> {
  const places = new Map<string, Count>();
  const none = { packets: 0, bytes: 0 };
  for (const table of ruleset.tables) {
    for (const chain of table.chains) {
      const place = `${table.name} ${chain.name}`;
      if (chain.policy !== null) places.set(`${place} policy`, counts.get(chain) ?? none);
      for (const rule of chain.rules) {
        places.set(`${place} ${rule.number}`, counts.get(rule) ?? none);
      }
    }
  }
  return places;
}
