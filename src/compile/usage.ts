/** What all rules together do with sets and lists: known before the first of them is lowered. */
import type { Host } from '../host/host.ts';
import type { Ipset } from '../ruleset/ipset.ts';
import type { Rule } from '../ruleset/rule.ts';
import type { SetUsage } from './lower/context.ts';
import { stampsFor } from './lower/stateful.ts';
import { hasBuckets } from './sets.ts';

function guesses(set: Ipset): boolean {
  return set.forceadd && !hasBuckets(set);
}

export class Usage {
  readonly #sets: ReadonlyMap<string, Ipset>;
  readonly #written = new Set<string>();
  readonly #counted = new Set<string>();
  readonly #hitCounts = new Map<string, number[]>();

  constructor(host: Host, rules: Iterable<Rule>) {
    this.#sets = new Map(host.sets.map((set) => [set.name, set]));
    for (const { matches, target } of rules) {
      for (const match of matches) {
        if (match.kind === 'set' && (match.packets !== null || match.bytes !== null)) {
          this.#counted.add(match.name);
        }
        if (match.kind === 'recent') {
          const counts = this.#hitCounts.get(match.name) ?? [];
          this.#hitCounts.set(match.name, [...counts, match.hitcount]);
        }
      }
      if (target?.kind !== 'SET') continue;
      for (const reference of [target.add, target.del]) {
        if (reference !== null) this.#noteWritten(reference.name);
      }
    }
  }

  /** What is written to a list is written to its members. */
  #noteWritten(name: string): void {
    if (this.#written.has(name)) return;
    this.#written.add(name);
    for (const { values } of this.#sets.get(name)?.entries ?? []) {
      const [member] = values;
      if (member?.kind === 'set') this.#noteWritten(member.name);
    }
  }

  set(name: string): SetUsage {
    return {
      ordered: this.#some(name, (set) => this.#orderedBecause(set)),
      hasMac: this.#some(name, (set) => (set.dimensions.includes('mac') ? 'mac' : null)) !== null,
      forceadd: this.#some(name, (set) => (guesses(set) ? 'forceadd' : null)) !== null,
    };
  }

  recentStamps(name: string): number {
    return stampsFor(this.#hitCounts.get(name) ?? [0]);
  }

  #orderedBecause(set: Ipset): string | null {
    if (this.#written.has(set.name)) return 'rules change it';
    if (this.#counted.has(set.name)) return 'rules compare its counters';
    if (set.timeout !== null) return 'its entries expire';
    const learns = set.entries.some(({ values }) =>
      values.some((value) => value.kind === 'mac' && value.mac === null),
    );
    return learns ? 'its entries learn MAC addresses' : null;
  }

  /** The first answer that is not null, of a set or, for a list, of its members. */
  #some(name: string, ask: (set: Ipset) => string | null): string | null {
    const set = this.#sets.get(name);
    if (set === undefined) return null;
    const own = ask(set);
    if (own !== null || set.method !== 'list') return own;
    for (const { values } of set.entries) {
      const [member] = values;
      if (member?.kind !== 'set') continue;
      const found = this.#some(member.name, (inner) =>
        inner.method === 'list' ? null : ask(inner),
      );
      if (found !== null) return found;
    }
    return null;
  }
}
