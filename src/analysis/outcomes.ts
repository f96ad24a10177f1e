import {
  NAT_DST,
  NAT_SRC,
  NONE,
  REASON_POLICY,
  REASON_RULE,
  VERDICT_ACCEPT,
} from '../../assembly/abi.ts';
import type { Compiled, CounterInfo } from '../compile/compiled.ts';
import type { HostNames } from '../host/names.ts';
import { CLASSES, nameOf, PATHS, REASONS, VERDICTS } from './names.ts';
import type {
  ClassTotals,
  Decision,
  MatrixCell,
  Named,
  NatTotals,
  RuleReference,
  Totals,
} from './result.ts';
import { add, emptyTally, Tallies } from './tally.ts';
import type { Outcome } from './traversals.ts';

/** Adds the outcomes of all workers up, under every heading that the report has. */
export class Outcomes {
  readonly #compiled: Compiled;
  readonly #names: HostNames;
  readonly totals = emptyTally();
  readonly #paths = new Tallies<number>();
  readonly #verdicts = new Tallies<number>();
  readonly #reasons = new Tallies<number>();
  readonly #accepted = new Tallies<number>();
  readonly #dropped = new Tallies<number>();
  readonly #cells = new Map<
    string,
    { from: number; to: number; accepted: number; dropped: number }
  >();
  readonly #decisions = new Map<string, { outcome: Outcome; totals: Totals }>();
  readonly #nat = new Tallies<number>();

  constructor(compiled: Compiled, names: HostNames) {
    this.#compiled = compiled;
    this.#names = names;
  }

  add(outcome: Outcome): void {
    const isAccepted = outcome.verdict === VERDICT_ACCEPT;
    add(this.totals, outcome);
    this.#paths.add(outcome.path, outcome);
    this.#verdicts.add(outcome.verdict, outcome);
    this.#reasons.add(outcome.reason, outcome);
    (isAccepted ? this.#accepted : this.#dropped).add(outcome.klass, outcome);
    this.#nat.add(outcome.natFlags & (NAT_SRC | NAT_DST), outcome);
    if (outcome.connections > 0) this.#addCell(outcome, isAccepted);
    this.#addDecision(outcome);
  }

  #addCell({ srcNetwork: from, dstNetwork: to, connections }: Outcome, isAccepted: boolean): void {
    const key = `${from} ${to}`;
    const cell = this.#cells.get(key) ?? { from, to, accepted: 0, dropped: 0 };
    if (isAccepted) cell.accepted += connections;
    else cell.dropped += connections;
    this.#cells.set(key, cell);
  }

  #addDecision(outcome: Outcome): void {
    const key = `${outcome.verdict} ${outcome.reason} ${outcome.decidedBy}`;
    const known = this.#decisions.get(key);
    const totals = emptyTally();
    if (known) add(totals, known.totals);
    add(totals, outcome);
    this.#decisions.set(key, { outcome, totals });
  }

  get paths(): Named<NonNullable<(typeof PATHS)[number]> | 'none'>[] {
    return this.#paths
      .entries()
      .sort(([a], [b]) => a - b)
      .map(([code, totals]) => ({ name: nameOf(PATHS, code) ?? 'none', ...totals }));
  }

  get verdicts(): Named<NonNullable<(typeof VERDICTS)[number]>>[] {
    return named(this.#verdicts, VERDICTS);
  }

  get reasons(): Named<NonNullable<(typeof REASONS)[number]>>[] {
    return named(this.#reasons, REASONS);
  }

  /** Classes with packets, in the order of their codes with `other` last. */
  get classes(): ClassTotals[] {
    const all = CLASSES.map((name, code): ClassTotals => {
      const accepted = this.#accepted.get(code);
      const dropped = this.#dropped.get(code);
      const totals = emptyTally();
      add(totals, accepted);
      add(totals, dropped);
      return { name, ...totals, accepted, dropped };
    });
    const [other, ...rest] = all;
    return [...rest, ...(other ? [other] : [])].filter(({ packets }) => packets > 0);
  }

  get natPackets(): Pick<NatTotals, 'snatPackets' | 'dnatPackets' | 'bothPackets'> {
    return {
      snatPackets: this.#nat.get(NAT_SRC).packets,
      dnatPackets: this.#nat.get(NAT_DST).packets,
      bothPackets: this.#nat.get(NAT_SRC | NAT_DST).packets,
    };
  }

  get matrix(): MatrixCell[] {
    return [...this.#cells.values()]
      .sort((a, b) => a.from - b.from || a.to - b.to)
      .map(({ from, to, accepted, dropped }) => ({
        from: this.#names.networkName(from),
        to: this.#names.networkName(to),
        accepted,
        dropped,
      }));
  }

  /** Drops first, then by packets; ties in the order of the rules. */
  get decisions(): Decision[] {
    const isPass = (verdict: number) => Number(verdict === VERDICT_ACCEPT);
    return [...this.#decisions.values()]
      .sort(
        (a, b) =>
          isPass(a.outcome.verdict) - isPass(b.outcome.verdict) ||
          b.totals.packets - a.totals.packets ||
          a.outcome.decidedBy - b.outcome.decidedBy ||
          a.outcome.reason - b.outcome.reason ||
          a.outcome.verdict - b.outcome.verdict,
      )
      .map(({ outcome, totals }) => ({
        verdict: nameOf(VERDICTS, outcome.verdict) ?? 'drop',
        reason: nameOf(REASONS, outcome.reason) ?? 'no-rules',
        rule: ruleOf(this.#compiled.counters, outcome.reason, outcome.decidedBy),
        ...totals,
      }));
  }
}

function named<Name extends string>(
  tallies: Tallies<number>,
  names: readonly (Name | null)[],
): Named<Name>[] {
  return names.flatMap((name, code) => {
    const totals = tallies.get(code);
    return name === null || totals.packets === 0 ? [] : [{ name, ...totals }];
  });
}

/** The rule or policy behind a counter id, where one of them decided; else null. */
function ruleOf(
  counters: readonly CounterInfo[],
  reason: number,
  counter: number,
): RuleReference | null {
  if (counter === NONE || (reason !== REASON_RULE && reason !== REASON_POLICY)) return null;
  const info = counters[counter];
  return info === undefined ? null : referenceTo(info);
}

export function referenceTo(info: CounterInfo): RuleReference {
  const { family, table, chain, number, line, text } = info;
  return { family, table, chain, number, line, text };
}
