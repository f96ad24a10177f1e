/** One random case, judged by the oracle: rules, packets, outcomes, counters. */

import { parseRuleset } from '../../src/ruleset/index.ts';
import type { Rule } from '../../src/ruleset/rule.ts';
import type { Ruleset } from '../../src/ruleset/ruleset.ts';
import { Connections } from './connections.ts';
import { generateRules } from './generate-rules.ts';
import { GAP_SEC, Traffic } from './generate-traffic.ts';
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

/** Judges packets one after the other. */
class Judge {
  readonly #oracle: Pick<OracleCase, 'seed' | 'rules' | 'ruleset' | 'tracks'>;
  readonly #walked: Rules;
  readonly #connections: Connections;
  readonly #pipeline: Pipeline;
  readonly #arrivals: Arrival[] = [];
  readonly #outcomes: OracleOutcome[] = [];

  constructor(seed: number, rules: string) {
    const { ruleset, problems } = parseRuleset(rules, { file: `seed ${seed}`, family: 4 });
    if (problems.length > 0) throw problems[0];
    const tracks = ruleset.tables.some(
      (table) =>
        table.name === 'nat' || table.chains.some((chain) => chain.rules.some(asksConntrack)),
    );
    this.#oracle = { seed, rules, ruleset, tracks };
    this.#walked = new Rules(ruleset);
    this.#connections = new Connections(new Random(seed));
    this.#pipeline = new Pipeline(this.#walked, this.#connections, tracks);
  }

  receive(arrival: Arrival): OracleOutcome {
    const last = this.#arrivals.at(-1);
    if (last !== undefined && arrival.timeSec - last.timeSec >= GAP_SEC) {
      this.#connections.expireAll();
    }
    const outcome = this.#pipeline.receive(arrival);
    this.#arrivals.push(arrival);
    this.#outcomes.push(outcome);
    return outcome;
  }

  done(): OracleCase {
    const [arrivals, outcomes] = [this.#arrivals, this.#outcomes];
    return { ...this.#oracle, arrivals, outcomes, counts: this.#walked.counts };
  }
}

/** The random case of this seed. */
export function judgeSeed(seed: number, size: CaseSize): OracleCase {
  const random = new Random(seed);
  const judge = new Judge(seed, generateRules(random, size));
  const traffic = new Traffic(random);
  for (let n = 0; n < size.packets; n++) {
    if (random.chance(0.005)) traffic.pause();
    traffic.learn(judge.receive(traffic.next()));
  }
  return judge.done();
}

/** The same for given rules and packets. */
export function judgeArrivals(
  seed: number,
  rules: string,
  arrivals: readonly Arrival[],
): OracleCase {
  const judge = new Judge(seed, rules);
  for (const arrival of arrivals) judge.receive(arrival);
  return judge.done();
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
